function Get-AgentCimService {
    <#
    .SYNOPSIS
    Msvm_VirtualSystemManagementService of the host.
    #>
    [CmdletBinding()]
    [OutputType([object])]
    param()
    $found = @(Get-CimInstance -Namespace 'root\virtualization\v2' -ClassName 'Msvm_VirtualSystemManagementService')
    if ($found.Count -eq 0) { throw (New-AgentFailure -Code HYPERVISOR_UNAVAILABLE -Message 'The management service of Hyper-V does not answer.') }
    $found[0]
}
