function Invoke-SnapshotCreate {
    <#
    .SYNOPSIS
    snapshot.create: takes a checkpoint; with memory a standard one, without memory of a running machine a production one, and no other in its place.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $spec = $Job.Spec
    $vm = Get-AgentVm -Id $spec['vm']
    $id = ConvertTo-AgentId -Vm $vm
    $name = $spec['name']
    if ($name -isnot [string] -or $name -cnotmatch '\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z') { throw (New-AgentFailure -Code SPEC_INVALID -Message 'name is no name of a snapshot.' -Pointer '/name') }
    if (@(Get-VMSnapshot -VM $vm | Where-Object { [string]$_.Name -eq $name }).Count -gt 0) { throw (New-AgentFailure -Code SNAPSHOT_EXISTS -Message "There is a snapshot named $name already." -Pointer '/name') }
    Assert-AgentState -Vm $vm -State off, running, paused, saved -Message 'no snapshot can be taken now'
    Assert-AgentMergeable -Vm $vm
    $state = ConvertTo-AgentState -State $vm.State
    $type = 'Standard'
    if ($state -ceq 'off') {
        if ($true -eq $spec['memory']) { throw (New-AgentFailure -Code VM_STATE_INVALID -Message 'The virtual machine is off and has no memory to keep.' -Pointer '/memory') }
        if ($true -eq $spec['quiesce']) { throw (New-AgentFailure -Code VM_STATE_INVALID -Message 'The virtual machine is off: no guest can still its file systems.' -Pointer '/quiesce') }
    }
    elseif ($false -eq $spec['memory']) {
        if ($state -cne 'running') { throw (New-AgentFailure -Code SNAPSHOT_UNSUPPORTED -Message "The virtual machine is $($state): Hyper-V can leave its memory out only while it runs, or is off." -Pointer '/memory') }
        $type = 'ProductionOnly'
    }
    $old = [string]$vm.CheckpointType
    $left = [System.Collections.Generic.List[object]]::new()
    if ($old -cne $type) { Set-VM -VM $vm -CheckpointType $type }
    try { Checkpoint-VM -VM $vm -SnapshotName $name }
    catch {
        $failure = Resolve-AgentFailure -ErrorRecord $_
        if ($type -ceq 'ProductionOnly' -and $failure.code -ceq 'HYPERVISOR_FAILED') { throw (New-AgentFailure -Code AGENT_UNAVAILABLE -Message $failure.message) }
        throw
    }
    finally {
        if ($old -cne $type) {
            try { Set-VM -VM (Get-AgentVm -Id $id) -CheckpointType $old }
            catch {
                $failure = Resolve-AgentFailure -ErrorRecord $_
                $text = "Its checkpoints are of the kind $type now, and were $($old): $($failure.message)"
                Write-Warning $text
                $left.Add([ordered]@{ field = 'checkpoint_type'; code = $failure.code; message = $text })
            }
        }
    }
    $made = Get-AgentSnapshot -Vm (Get-AgentVm -Id $id) -Name $name
    if ([string]$spec['description'] -ne '') {
        $key = ([guid]$made.Id).ToString()
        $text = [string]$spec['description']
        try { Update-AgentNote -Id $id -Change { param($said) $said.snapshots[$key] = $text } }
        catch { $failure = Resolve-AgentFailure -ErrorRecord $_; $left.Add([ordered]@{ field = 'description'; code = $failure.code; message = "The snapshot was taken without its description: $($failure.message)" }) }
    }
    $message = "The snapshot $name was taken."
    if ($left.Count -gt 0) { $message += ' ' + $left[0]['message'] }
    New-AgentChanged -Id $name -Changes @(New-AgentChange -Field 'snapshot' -To $name) -NotChanged $left.ToArray() -Message $message
}
