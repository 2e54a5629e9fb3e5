function Invoke-VmDelete {
    <#
    .SYNOPSIS
    vm.delete: deletes a machine by its id, with its checkpoints; its disks too when asked, those in storage classes that no other stands on.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $id = ConvertTo-AgentId -Vm $vm
    $name = [string]$vm.Name
    $note = Read-AgentNote -Text $vm.Notes
    if ($note.deletion_protection) { throw (New-AgentFailure -Code VM_PROTECTED -Message 'The virtual machine is protected against deletion.' -Pointer '/vm') }
    $state = ConvertTo-AgentState -State $vm.State
    if ($state -cne 'off' -and $true -ne $Job.Spec['force']) {
        throw (New-AgentFailure -Code VM_STATE_INVALID -Message "The virtual machine is $state; stop it first, or say force." -Pointer '/force')
    }
    $folder = [string]$vm.Path
    $hasSnapshots = @(Get-VMSnapshot -VM $vm).Count -gt 0
    if ($hasSnapshots) { Assert-AgentMergeable -Vm $vm }
    if ($state -cne 'off' -and (Stop-AgentVm -Vm $vm) -cne 'off') { throw (New-AgentFailure -Code HYPERVISOR_TIMEOUT -Message 'The virtual machine was turned off and is not off. Nothing was deleted.') }
    if ($hasSnapshots) {
        Get-VMSnapshot -VM $vm | Where-Object { $null -eq $_.ParentSnapshotId -or [guid]$_.ParentSnapshotId -eq [guid]::Empty } | ForEach-Object {
            Remove-VMSnapshot -VMSnapshot $_ -IncludeAllChildSnapshots -Confirm:$false
        }
    }
    if (-not (Wait-AgentMerge -Id $id)) { throw (New-AgentFailure -Code VM_BUSY -Message 'The disks are still being merged after its snapshots. The virtual machine was not deleted yet.') }
    $vm = Get-AgentVm -Id $id
    $disks = @(Get-AgentDevice -Vm $vm -Note $note -Adapters @() | Where-Object { $_.Kind -ceq 'disk' -and $_.Base -ne '' })
    Remove-VM -VM $vm -Force -Confirm:$false
    if (@(Get-VM | Where-Object { (ConvertTo-AgentId -Vm $_) -ceq $id }).Count -gt 0) { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message 'Hyper-V took the deletion and the virtual machine is still there. Its disks were not touched.' -Pointer '/vm') }
    $deleted = [System.Collections.Generic.List[object]]::new()
    $kept = [System.Collections.Generic.List[object]]::new()
    $left = [System.Collections.Generic.List[object]]::new()
    foreach ($disk in $disks) {
        $reason = 'was not asked for'
        if ($true -eq $Job.Spec['delete_disks']) {
            try { Remove-AgentDiskFile -Path $disk.Base -Resources $Job.Resources; $deleted.Add($disk.Name); continue }
            catch {
                $failure = Resolve-AgentFailure -ErrorRecord $_
                $reason = $failure.message
                # Others' use of a disk keeps it, and so does a place outside; that is no failure.
                if (@('DISK_IN_USE', 'DISK_HAS_CHILDREN', 'STORAGE_OUTSIDE') -cnotcontains $failure.code) { $left.Add([ordered]@{ field = 'disks'; code = $failure.code; message = "$($disk.Name): $reason" }) }
            }
        }
        Write-Verbose "The disk $($disk.Name) is kept: $reason"
        $kept.Add($disk.Name)
    }
    Remove-AgentEmptyFolder -Path $folder -Resources $Job.Resources
    New-AgentChanged -Id $id -Changes @(New-AgentChange -Field 'vm' -From $name -To $null) -NotChanged $left.ToArray() -Message "The virtual machine $name was deleted." `
        -More ([ordered]@{ deleted_disks = $deleted.ToArray(); kept_disks = $kept.ToArray() })
}
