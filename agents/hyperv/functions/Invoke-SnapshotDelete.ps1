function Invoke-SnapshotDelete {
    <#
    .SYNOPSIS
    snapshot.delete: deletes a checkpoint and waits a while for the merge; the machine stays as it is.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $id = ConvertTo-AgentId -Vm $vm
    $snapshot = Get-AgentSnapshot -Vm $vm -Name $Job.Spec['snapshot']
    Assert-AgentMergeable -Vm $vm
    $key = ([guid]$snapshot.Id).ToString()
    $more = @{}
    if ($true -eq $Job.Spec['children']) { $more.IncludeAllChildSnapshots = $true }
    Remove-VMSnapshot -VMSnapshot $snapshot -Confirm:$false @more
    if (-not (Wait-AgentMerge -Id $id)) { Write-Warning 'The snapshot is deleted; its disks are still being merged.' }
    $vm = Get-AgentVm -Id $id
    $ids = @(Get-VMSnapshot -VM $vm | ForEach-Object { ([guid]$_.Id).ToString() })
    if ($ids -ccontains $key) { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message 'Hyper-V took the deletion and the snapshot is still there.' -Pointer '/snapshot') }
    # They are gone: what the notes say of them harms nothing.
    try { Update-AgentNote -Id $id -Change { param($said) foreach ($one in @($said.snapshots.Keys)) { if ($ids -cnotcontains $one) { $said.snapshots.Remove($one) } } } } catch { Write-Warning "The notes still name the snapshot: $_" }
    New-AgentChanged -Id $Job.Spec['snapshot'] -Changes @(New-AgentChange -Field 'snapshot' -From $Job.Spec['snapshot'] -To $null) -Message "The snapshot $($Job.Spec['snapshot']) was deleted."
}
