function Invoke-AgentSelftestLife {
    <#
    .SYNOPSIS
    The life of a small machine, step by step, each a check of the self-test; whatever fails, it is deleted at the end.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [hashtable] $Job,
        [Parameter(Mandatory = $true)] [scriptblock] $Check
    )
    $name = 'farhand-selftest-' + [guid]::NewGuid().ToString('N').Substring(0, 8)
    $class = @($Job.Resources.storage.get_Keys())[0]
    $network = @($Job.Resources.networks.get_Keys()) + @($null) | Select-Object -First 1
    $context = @{ Id = $null; Disk = $null; Nic = $null }
    $do = {
        param($operation, $spec)
        $row = (Get-AgentOperationTable)[$operation]
        $inner = $Job.Clone()
        $inner.Operation = $operation
        $inner.Spec = $spec
        $result = & $row.Function -Job $inner
        if ($result.Status -cne 'success') { throw (New-AgentFailure -Code $result.Code -Message $result.Message) }
        $result.Data
    }
    $steps = @(
        @{ Name = 'vm.create'; Do = { $context.Id = (& $do 'vm.create' ([ordered]@{ name = $name; cpus = [long]1; memory_bytes = [long]67108864; firmware = 'uefi'; storage_class = $class }))['id']; $name } }
        @{ Name = 'disk.create'; Do = { $context.Disk = (& $do 'disk.create' ([ordered]@{ vm = $context.Id; size_bytes = [long]1073741824; name = 'disk0' }))['id'] } }
        @{ Name = 'nic.create'; Do = { if ($null -ne $network) { $context.Nic = (& $do 'nic.create' ([ordered]@{ vm = $context.Id; network = $network; name = 'nic0' }))['id'] } } }
        # An empty machine would start from the network: nothing of the user's may answer it.
        @{ Name = 'nic.detach'; Do = { if ($null -ne $context.Nic) { $null = & $do 'nic.detach' ([ordered]@{ vm = $context.Id; nic = $context.Nic }) } } }
        @{ Name = 'vm.update'; Do = { $null = & $do 'vm.update' ([ordered]@{ vm = $context.Id; description = "self-test $([char]0x00e4)"; memory_bytes = [long]134217728; stop_action = 'turn-off' }) } }
        @{ Name = 'snapshot.create'; Do = { $null = & $do 'snapshot.create' ([ordered]@{ vm = $context.Id; name = 'one' }) } }
        @{ Name = 'vm.start'; Do = { $null = & $do 'vm.start' @{ vm = $context.Id } } }
        @{ Name = 'vm.stats'; Do = { $null = & $do 'vm.stats' @{ vm = $context.Id } } }
        @{ Name = 'guest.kvp-publish'; Do = { $null = & $do 'guest.kvp-publish' @{ vm = $context.Id; items = @(@{ name = 'farhand.selftest'; value = "<&> $([char]0x00e4)" }) } } }
        @{ Name = 'guest.kvp-read'; Do = { if ((& $do 'guest.kvp-read' @{ vm = $context.Id })['host']['farhand.selftest'] -cne "<&> $([char]0x00e4)") { throw 'It reads otherwise.' } } }
        @{ Name = 'guest.kvp-clean'; Do = { $null = & $do 'guest.kvp-clean' @{ vm = $context.Id; names = @('farhand.selftest') } } }
        @{ Name = 'vm.stop'; Do = { $null = & $do 'vm.stop' @{ vm = $context.Id } } }
        @{ Name = 'snapshot.revert'; Do = { $null = & $do 'snapshot.revert' ([ordered]@{ vm = $context.Id; snapshot = 'one' }) } }
        @{ Name = 'snapshot.delete'; Do = { $null = & $do 'snapshot.delete' ([ordered]@{ vm = $context.Id; snapshot = 'one' }) } }
        @{ Name = 'disk.clone'; Do = { $null = & $do 'disk.clone' ([ordered]@{ vm = $context.Id; disk = $context.Disk; name = 'copy'; attach_to = $context.Id }) } }
    )
    foreach ($step in $steps) { if (-not (& $Check $step.Name $step.Do)) { break } }
    if ($null -ne $context.Id) {
        $null = & $Check 'vm.delete' {
            $gone = & $do 'vm.delete' ([ordered]@{ vm = $context.Id; delete_disks = $true; force = $true })
            if (@($gone['kept_disks']).Count -gt 0) { throw "Of $name these disks are left: $(@($gone['kept_disks']) -join ', ')." }
            $name
        }
    }
}
