function Remove-AgentDisk {
    <#
    .SYNOPSIS
    Takes a disk from a machine and keeps its file; the place on IDE and checkpoints stand in the way.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [hashtable] $Device
    )
    if ($Device.Base -cne $Device.Path) { throw (New-AgentFailure -Code VM_HAS_SNAPSHOTS -Message 'The disk has changes in snapshots: delete those first.' -Pointer '/disk') }
    if ([string]$Device.Object.ControllerType -ceq 'IDE') { Assert-AgentState -Vm $Vm -State off -Message 'it must be off: IDE gives up no disk while it runs' -Pointer '/disk' }
    Remove-VMHardDiskDrive -VMHardDiskDrive $Device.Object
    $diskId = $Device.Id
    if (@(Get-VMHardDiskDrive -VM $Vm | Where-Object { Test-AgentSamePath -Path ([string]$_.Path) -Other $Device.Path }).Count -gt 0) { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message 'Hyper-V took the change and the virtual machine still has the disk.' -Pointer '/disk') }
    # It is gone: what the notes say of it harms nothing.
    try { Update-AgentNote -Id (ConvertTo-AgentId -Vm $Vm) -Change { param($said) $said.disks.Remove($diskId) } } catch { Write-Warning "The notes still name the disk: $_" }
}
