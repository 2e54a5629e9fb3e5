function Get-AgentErrorTable {
    <#
    .SYNOPSIS
    Which code of the contract an error of Hyper-V, of WMI or of Windows has. By identifier and number, never by text.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param()
    @{
        # The part of FullyQualifiedErrorId before the comma.
        Identifiers = @{
            'AccessDenied'                    = 'HYPERVISOR_ACCESS_DENIED'
            'AuthorizationFailed'             = 'HYPERVISOR_ACCESS_DENIED'
            'CommandNotFoundException'        = 'HYPERVISOR_UNAVAILABLE'
            'CouldNotAutoloadMatchingModule'  = 'HYPERVISOR_UNAVAILABLE'
            'Modules_ModuleNotFound'          = 'HYPERVISOR_UNAVAILABLE'
            'ServerUnavailable'               = 'HYPERVISOR_UNAVAILABLE'
            'TimedOut'                        = 'HYPERVISOR_TIMEOUT'
            'OperationTimeout'                = 'HYPERVISOR_TIMEOUT'
            'Timeout'                         = 'HYPERVISOR_TIMEOUT'
            'NotSupported'                    = 'HYPERVISOR_UNSUPPORTED'
            'InvalidState'                    = 'VM_STATE_INVALID'
            'ObjectInUse'                     = 'VM_BUSY'
            'OperationInProgress'             = 'VM_BUSY'
            'VirtualMachineNotFound'          = 'VM_NOT_FOUND'
            # Of a device, a file or a checkpoint too: Resolve-AgentFailure says what it is.
            'ObjectNotFound'                  = 'VM_NOT_FOUND'
            'ObjectAlreadyExists'             = 'VM_EXISTS'
            'InvalidParameter'                = 'VM_CONFIG_INVALID'
            'IncorrectType'                   = 'VM_CONFIG_INVALID'
            'InvalidOperation'                = 'VM_CONFIG_INVALID'
            'KeyProtectorMissing'             = 'VM_CONFIG_INVALID'
            'OutOfMemory'                     = 'HOST_MEMORY_SHORT'
            'ObjectExists'                    = 'DISK_EXISTS'
            'OutOfDiskSpace'                  = 'STORAGE_FULL'
            'OperationFailed'                 = 'HYPERVISOR_FAILED'
            'Unspecified'                     = 'HYPERVISOR_FAILED'
        }
        # Return values of methods of root\virtualization\v2.
        ReturnValues = @{
            32768 = 'HYPERVISOR_FAILED'
            32769 = 'HYPERVISOR_ACCESS_DENIED'
            32770 = 'HYPERVISOR_UNSUPPORTED'
            32771 = 'HYPERVISOR_FAILED'
            32772 = 'HYPERVISOR_TIMEOUT'
            32773 = 'VM_CONFIG_INVALID'
            32774 = 'VM_BUSY'
            32775 = 'VM_STATE_INVALID'
            32776 = 'VM_CONFIG_INVALID'
            32777 = 'HYPERVISOR_UNAVAILABLE'
            32778 = 'HOST_MEMORY_SHORT'
            32779 = 'HYPERVISOR_FAILED'                 # a file or an item is not there; which machine is meant was looked up before
        }
        # HRESULTs of files, of virtual disks and of WMI, as signed numbers.
        Results = @{
            (-2147024891) = 'HYPERVISOR_ACCESS_DENIED'  # 80070005 access denied
            (-2147024894) = 'DISK_NOT_FOUND'            # 80070002 file not found
            (-2147024893) = 'STORAGE_UNAVAILABLE'       # 80070003 path not found
            (-2147024864) = 'DISK_IN_USE'               # 80070020 sharing violation
            (-2147024784) = 'STORAGE_FULL'              # 80070070 disk full
            (-2147024857) = 'STORAGE_FULL'              # 80070027 handle disk full
            (-2147024816) = 'DISK_EXISTS'               # 80070050 file exists
            (-2147024713) = 'DISK_EXISTS'               # 800700b7 already exists
            (-2147023170) = 'HYPERVISOR_UNAVAILABLE'    # 800706be the call failed
            (-2147023174) = 'HYPERVISOR_UNAVAILABLE'    # 800706ba the server is unavailable
            (-2147023838) = 'HYPERVISOR_UNAVAILABLE'    # 80070422 the service is disabled
            (-2147217405) = 'HYPERVISOR_ACCESS_DENIED'  # 80041003 WBEM_E_ACCESS_DENIED
            (-2147217394) = 'HYPERVISOR_UNAVAILABLE'    # 8004100e WBEM_E_INVALID_NAMESPACE
            (-2147217392) = 'HYPERVISOR_UNAVAILABLE'    # 80041010 WBEM_E_INVALID_CLASS
            (-2147217389) = 'HYPERVISOR_UNAVAILABLE'    # 80041013 WBEM_E_PROVIDER_LOAD_FAILURE
            (-2147217357) = 'HYPERVISOR_UNAVAILABLE'    # 80041033 WBEM_E_SHUTTING_DOWN
            (-2147217402) = 'HOST_MEMORY_SHORT'         # 80041006 WBEM_E_OUT_OF_MEMORY
        }
    }
}
