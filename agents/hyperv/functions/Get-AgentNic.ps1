function Get-AgentNic {
    <#
    .SYNOPSIS
    The machine and the adapter that a job names: Vm, Device, Devices, Note; NIC_NOT_FOUND.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $note = Read-AgentNote -Text $vm.Notes
    $devices = @(Get-AgentDevice -Vm $vm -Note $note)
    $found = Find-AgentDevice -Devices $devices -Word $Job.Spec['nic'] -Kind nic
    if ($null -eq $found -or $found.Id -cne $Job.Spec['nic']) { throw (New-AgentFailure -Code NIC_NOT_FOUND -Message 'The virtual machine has no such network adapter.' -Pointer '/nic') }
    @{ Vm = $vm; Device = $found; Devices = $devices; Note = $note }
}
