function Invoke-SnapshotList {
    <#
    .SYNOPSIS
    snapshot.list: the snapshots of a machine, parents before children, each with the ids of the disks that it had then.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $note = Read-AgentNote -Text $vm.Notes
    $all = @(Get-VMSnapshot -VM $vm)
    $isNone = { param($id) $null -eq $id -or [guid]$id -eq [guid]::Empty }
    $names = @{}
    foreach ($snapshot in $all) { $names[([guid]$snapshot.Id).ToString()] = [string]$snapshot.Name }
    $items = [System.Collections.Generic.List[object]]::new()
    $waiting = [System.Collections.Queue]::new()
    foreach ($snapshot in @($all | Where-Object { (& $isNone $_.ParentSnapshotId) -or -not $names.ContainsKey(([guid]$_.ParentSnapshotId).ToString()) } | Sort-Object -Property CreationTime)) { $waiting.Enqueue($snapshot) }
    while ($waiting.Count -gt 0) {
        $snapshot = $waiting.Dequeue()
        $id = ([guid]$snapshot.Id).ToString()
        $parent = $null
        if (-not (& $isNone $snapshot.ParentSnapshotId)) { $parent = $names[([guid]$snapshot.ParentSnapshotId).ToString()] }
        $hasMemory = (ConvertTo-AgentState -State $snapshot.State) -cne 'off'
        $state = 'off'
        if ($hasMemory) { $state = 'running' }
        $description = ''
        if ($null -ne $note.snapshots[$id]) { $description = $note.snapshots[$id] }
        $size = [long]0
        $disks = [System.Collections.Generic.List[string]]::new()
        foreach ($drive in @(Get-VMHardDiskDrive -VMSnapshot $snapshot)) {
            $disk = $null
            if ([string]$drive.Path -ne '') {
                $disks.Add((Get-AgentDiskId -Path (Get-AgentDiskBase -Path $drive.Path)))
                $disk = Get-VHD -Path $drive.Path -ErrorAction SilentlyContinue
            }
            if ($null -ne $disk) { $size += [long]$disk.FileSize }
        }
        $items.Add([ordered]@{
                name = [string]$snapshot.Name; parent = $parent; current = (-not (& $isNone $vm.ParentSnapshotId) -and ([guid]$vm.ParentSnapshotId).ToString() -ceq $id)
                state = $state; memory = $hasMemory; kind = 'external'; description = $description; size_bytes = $size; created_at = (ConvertTo-AgentTime -Time $snapshot.CreationTime); disks = $disks.ToArray()
            })
        foreach ($child in @($all | Where-Object { -not (& $isNone $_.ParentSnapshotId) -and ([guid]$_.ParentSnapshotId).ToString() -ceq $id } | Sort-Object -Property CreationTime)) { $waiting.Enqueue($child) }
    }
    New-AgentResult -Message "$($items.Count) snapshots." -Data ([ordered]@{ items = $items.ToArray() })
}
