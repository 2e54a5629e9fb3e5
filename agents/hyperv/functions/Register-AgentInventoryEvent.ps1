function Register-AgentInventoryEvent {
    <#
    .SYNOPSIS
    Has WMI tell this process of changes that a list of the machines would show. They end with the process.
    .DESCRIPTION
    Where no provider tells of changes by itself, WMI compares the instances every so many seconds. Uptime counts with every
    comparison, so that of the machines themselves only another state is asked for. Throws where a host does not give them;
    some refusals come as an event (Wait-AgentInventoryEvent).
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param([Parameter(Mandatory = $true)] [int] $Seconds)
    $conditions = @(
        "__InstanceCreationEvent WITHIN $Seconds WHERE TargetInstance ISA 'Msvm_ComputerSystem'"
        "__InstanceDeletionEvent WITHIN $Seconds WHERE TargetInstance ISA 'Msvm_ComputerSystem'"
        "__InstanceModificationEvent WITHIN $Seconds WHERE TargetInstance ISA 'Msvm_ComputerSystem' AND TargetInstance.EnabledState <> PreviousInstance.EnabledState"
        "__InstanceModificationEvent WITHIN $Seconds WHERE TargetInstance ISA 'Msvm_VirtualSystemSettingData'"
        "__InstanceModificationEvent WITHIN $Seconds WHERE TargetInstance ISA 'Msvm_GuestNetworkAdapterConfiguration'"
    )
    foreach ($condition in $conditions) {
        $null = Register-CimIndicationEvent -Namespace 'root\virtualization\v2' -Query "SELECT * FROM $condition" -ErrorAction Stop
    }
}
