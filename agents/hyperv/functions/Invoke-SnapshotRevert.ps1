function Invoke-SnapshotRevert {
    <#
    .SYNOPSIS
    snapshot.revert: goes back to a checkpoint. One with memory goes on running; power says otherwise.
    .DESCRIPTION
    Partial: what came after the checkpoint is lost and the state was not reached, or the machine was turned off and not reverted.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $id = ConvertTo-AgentId -Vm $vm
    $name = [string]$Job.Spec['snapshot']
    $snapshot = Get-AgentSnapshot -Vm $vm -Name $Job.Spec['snapshot']
    $key = ([guid]$snapshot.Id).ToString()
    $from = ConvertTo-AgentState -State $vm.State
    $before = Read-AgentNote -Text $vm.Notes
    $isTurnedOff = @('running', 'paused') -ccontains $from
    if ($isTurnedOff -and (Stop-AgentVm -Vm $vm) -cne 'off') { throw (New-AgentFailure -Code HYPERVISOR_TIMEOUT -Message 'The virtual machine was turned off and is not off. It was not reverted.') }
    try {
        Restore-VMSnapshot -VMSnapshot $snapshot -Confirm:$false
        $vm = Get-AgentVm -Id $id
        if ($null -eq $vm.ParentSnapshotId -or ([guid]$vm.ParentSnapshotId).ToString() -cne $key) { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message 'Hyper-V took the change and the virtual machine does not stand on the snapshot.' -Pointer '/snapshot') }
    }
    catch {
        if (-not $isTurnedOff) { throw }
        $failure = Resolve-AgentFailure -ErrorRecord $_
        return New-AgentChanged -Id $id -Changes @(New-AgentChange -Field 'state' -From $from -To 'off') -NotChanged @([ordered]@{ field = 'snapshot'; code = $failure.code; message = $failure.message }) `
            -Message "The virtual machine was turned off and not reverted: $($failure.message)" -More @{ state = 'off' }
    }
    $left = [System.Collections.Generic.List[object]]::new()
    # Notes are reverted too: what they say of later snapshots, and what the product knows of the machine, is kept.
    try {
        Update-AgentNote -Id $id -Change {
            param($said)
            foreach ($one in @($before.snapshots.Keys)) { $said.snapshots[$one] = $before.snapshots[$one] }
            foreach ($one in 'tags', 'os_family', 'deletion_protection') { $said[$one] = $before[$one] }
        }
    }
    catch { $failure = Resolve-AgentFailure -ErrorRecord $_; $left.Add([ordered]@{ field = 'description'; code = $failure.code; message = "The descriptions of later snapshots, the tags and the protection are as in the snapshot: $($failure.message)" }) }
    $power = [string]$Job.Spec['power']
    if ($power -eq '') { $power = 'as-saved' }
    $state = ConvertTo-AgentState -State $vm.State
    try {
        if ($power -ceq 'off' -and $state -cne 'off') {
            $state = Stop-AgentVm -Vm (Get-AgentVm -Id $id)
            if ($state -cne 'off') { throw (New-AgentFailure -Code HYPERVISOR_TIMEOUT -Message "The virtual machine was turned off and is still $state." -Pointer '/power') }
        }
        elseif (($power -ceq 'running' -and $state -cne 'running') -or ($power -ceq 'as-saved' -and $state -ceq 'saved')) { $state = Start-AgentVm -Vm (Get-AgentVm -Id $id) }
    }
    catch {
        $failure = Resolve-AgentFailure -ErrorRecord $_
        $left.Add([ordered]@{ field = 'power'; code = $failure.code; message = "It was reverted and is not in the state asked for: $($failure.message)" })
        $state = ConvertTo-AgentState -State (Get-AgentVm -Id $id).State
    }
    $message = "The virtual machine is as in $name."
    if ($left.Count -gt 0) { $message = $left[0]['message'] }
    New-AgentChanged -Id $id -Changes @(New-AgentChange -Field 'snapshot' -To $name) -NotChanged $left.ToArray() -Message $message -More @{ state = $state }
}
