# Snapshots and copies of machines.
BeforeAll {
    . (Join-Path $PSScriptRoot 'rig.ps1')
    New-TestRig
    $script:Vm = New-TestVm -Name 'web'
    $script:Disk = (Get-TestData -Operation 'disk.create' -Spec @{ vm = $script:Vm; size_bytes = 1GB; image = $null }).id
    $null = Get-TestData -Operation 'nic.create' -Spec @{ vm = $script:Vm; network = 'office'; bandwidth_max_bps = 5000000 }
}
AfterAll { Remove-TestRig }

Describe 'Invoke-SnapshotCreate, Invoke-SnapshotList, Get-AgentSnapshot, Get-AgentDiskBase' {
    It 'takes them with description and memory, parents before children' {
        $null = Get-TestData -Operation 'snapshot.create' -Spec @{ vm = $script:Vm; name = 'one'; description = "first`nline" }
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm }
        $null = Get-TestData -Operation 'snapshot.create' -Spec @{ vm = $script:Vm; name = 'two' }
        $null = Get-TestData -Operation 'snapshot.create' -Spec @{ vm = $script:Vm; name = 'three'; memory = $false }
        $items = (Get-TestData -Operation 'snapshot.list' -Spec @{ vm = $script:Vm }).items
        $items.name | Should -Be @('one', 'two', 'three')
        $items.parent | Should -Be @($null, 'one', 'two')
        $items.memory | Should -Be @($false, $true, $false)
        $items.state | Should -Be @('off', 'running', 'off')
        $items.current | Should -Be @($false, $false, $true)
        $items[0].description | Should -BeExactly "first`nline"
        (Get-TestMachine -Id $script:Vm).settings.checkpoints | Should -BeExactly 'Standard'
    }
    It 'leaves the ids of disks as they were' { (Get-TestData -Operation 'disk.list' -Spec @{ vm = $script:Vm }).items[0].id | Should -BeExactly $script:Disk }
    It 'refuses <Name>' -ForEach @(
        @{ Name = 'a name that is taken'; Spec = @{ name = 'one' }; Code = 'SNAPSHOT_EXISTS' }, @{ Name = 'a name with a wildcard'; Spec = @{ name = 'o*' }; Code = 'SPEC_INVALID' }
    ) {
        $whole = @{ vm = $script:Vm }
        foreach ($key in $Spec.Keys) { $whole[$key] = $Spec[$key] }
        (Invoke-TestJob -Operation 'snapshot.create' -Spec $whole).code | Should -BeExactly $Code
    }
    It 'takes none with memory of a machine that is off' {
        (Invoke-TestJob -Operation 'snapshot.create' -Spec @{ vm = (New-TestVm -Name 'cold'); name = 'x'; memory = $true }).code | Should -BeExactly 'VM_STATE_INVALID'
    }
    It 'takes no other kind when the guest cannot still its disks' {
        Edit-TestWorld { param($world) ($world.vms | Where-Object { $_.id -eq $script:Vm }).guest.vss = $false }
        (Invoke-TestJob -Operation 'snapshot.create' -Spec @{ vm = $script:Vm; name = 'quiet'; memory = $false; quiesce = $true }).code | Should -BeExactly 'AGENT_UNAVAILABLE'
        (Get-TestMachine -Id $script:Vm).settings.checkpoints | Should -BeExactly 'Standard'
        Edit-TestWorld { param($world) ($world.vms | Where-Object { $_.id -eq $script:Vm }).guest.vss = $true }
    }
    It 'refuses what would cut through them' {
        (Invoke-TestJob -Operation 'disk.resize' -Spec @{ vm = $script:Vm; disk = $script:Disk; size_bytes = 2GB }).code | Should -BeExactly 'VM_HAS_SNAPSHOTS'
        (Invoke-TestJob -Operation 'disk.detach' -Spec @{ vm = $script:Vm; disk = $script:Disk }).code | Should -BeExactly 'VM_HAS_SNAPSHOTS'
    }
}

Describe 'Invoke-SnapshotRevert, Invoke-SnapshotDelete' {
    It 'goes back, with memory running, and as power says' {
        (Get-TestData -Operation 'snapshot.revert' -Spec @{ vm = $script:Vm; snapshot = 'two' }).state | Should -BeExactly 'running'
        (Get-TestData -Operation 'snapshot.revert' -Spec @{ vm = $script:Vm; snapshot = 'two'; power = 'off' }).state | Should -BeExactly 'off'
        (Get-TestData -Operation 'snapshot.revert' -Spec @{ vm = $script:Vm; snapshot = 'one' }).state | Should -BeExactly 'off'
        (Get-TestData -Operation 'snapshot.revert' -Spec @{ vm = $script:Vm; snapshot = 'one'; power = 'running' }).state | Should -BeExactly 'running'
        (Get-TestData -Operation 'snapshot.list' -Spec @{ vm = $script:Vm }).items[0].description | Should -BeExactly "first`nline"
        (Invoke-TestJob -Operation 'snapshot.revert' -Spec @{ vm = $script:Vm; snapshot = 'o*' }).code | Should -BeExactly 'SNAPSHOT_NOT_FOUND'
    }
    It 'brings back the machine as it was' {
        $null = Get-TestData -Operation 'vm.stop' -Spec @{ vm = $script:Vm }
        $null = Get-TestData -Operation 'vm.update' -Spec @{ vm = $script:Vm; cpus = 6 }
        $null = Get-TestData -Operation 'snapshot.revert' -Spec @{ vm = $script:Vm; snapshot = 'one' }
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = $script:Vm }).cpus | Should -Be 2
    }
    It 'deletes one, or one with those that stand on it' {
        $null = Get-TestData -Operation 'snapshot.delete' -Spec @{ vm = $script:Vm; snapshot = 'three' }
        (Get-TestData -Operation 'snapshot.list' -Spec @{ vm = $script:Vm }).items.name | Should -Be @('one', 'two')
        $null = Get-TestData -Operation 'snapshot.delete' -Spec @{ vm = $script:Vm; snapshot = 'one'; children = $true }
        @((Get-TestData -Operation 'snapshot.list' -Spec @{ vm = $script:Vm }).items).Count | Should -Be 0
        (Get-TestMachine -Id $script:Vm).notes | Should -Not -BeLike '*snapshots*'
    }
}

Describe 'Invoke-DiskClone of a machine with snapshots' {
    BeforeAll {
        # What a guest wrote to a disk file, its parents' included.
        function Read-TestDisk {
            param([string]$Path)
            $disk = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($Path)) -DateKind String
            if ($disk.parent -ne '') { Read-TestDisk -Path $disk.parent }
            $disk.data
        }
        function Write-TestDisk {
            param([string]$Text)
            $path = (Get-TestMachine -Id $script:Vm).drives[0].path
            $disk = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($path)) -DateKind String
            $disk.data = @($disk.data) + $Text
            [System.IO.File]::WriteAllText($path, (ConvertTo-Json -InputObject $disk -Depth 5))
        }
        function Copy-TestDisk { param([string]$Name, [hashtable]$More = @{}); Get-TestData -Operation 'disk.clone' -Spec (@{ vm = $script:Vm; disk = $script:Disk; name = $Name } + $More) }
        Write-TestDisk -Text 'before'
        $null = Get-TestData -Operation 'snapshot.create' -Spec @{ vm = $script:Vm; name = 'point' }
        Write-TestDisk -Text 'between'
        $null = Get-TestData -Operation 'snapshot.create' -Spec @{ vm = $script:Vm; name = 'later' }
        Write-TestDisk -Text 'after'
    }
    It 'copies the disk as it was at <Snapshot>, whole' -ForEach @(@{ Snapshot = 'point'; Lines = @('before') }, @{ Snapshot = 'later'; Lines = @('before', 'between') }, @{ Snapshot = $null; Lines = @('before', 'between', 'after') }) {
        $more = @{}
        if ($null -ne $Snapshot) { $more.snapshot = $Snapshot }
        $id = (Copy-TestDisk -Name 'past' -More $more).id
        $path = [System.IO.Path]::Combine($script:Rig.Data, 'past.vhdx')
        Read-TestDisk -Path $path | Should -Be $Lines
        (Get-VHD -Path $path).ParentPath | Should -BeNullOrEmpty
        $null = Get-TestData -Operation 'disk.delete' -Spec @{ disk = $id }
    }
    It 'says of each snapshot which disks it has' { @((Get-TestData -Operation 'snapshot.list' -Spec @{ vm = $script:Vm }).items.disks) | Should -Be @($script:Disk, $script:Disk) }
    It 'attaches the copy as the original is' {
        $copy = New-TestVm -Name 'copy'
        $null = Copy-TestDisk -Name 'disk0' -More @{ snapshot = 'point'; attach_to = $copy; bus = 'scsi'; iops_max = 77 }
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = $copy }).disks[0].iops_max | Should -Be 77
        $null = Get-TestData -Operation 'vm.delete' -Spec @{ vm = $copy; delete_disks = $true }
    }
    It 'refuses <Code> with <More.Keys>, and leaves nothing' -ForEach @(
        @{ More = @{ snapshot = 'none' }; Code = 'SNAPSHOT_NOT_FOUND' }, @{ More = @{ snapshot = 'point'; mode = 'linked' }; Code = 'VM_HAS_SNAPSHOTS' }, @{ More = @{ mode = 'linked' }; Code = 'VM_HAS_SNAPSHOTS' }
    ) {
        (Invoke-TestJob -Operation 'disk.clone' -Spec (@{ vm = $script:Vm; disk = $script:Disk; name = 'broken' } + $More)).code | Should -BeExactly $Code
        @([System.IO.Directory]::GetFileSystemEntries($script:Rig.Data, 'broken*')).Count | Should -Be 0
    }
    It 'refuses a disk that came after the snapshot' {
        $new = (Get-TestData -Operation 'disk.create' -Spec @{ vm = $script:Vm; size_bytes = 1GB; name = 'new' }).id
        (Invoke-TestJob -Operation 'disk.clone' -Spec @{ vm = $script:Vm; disk = $new; name = 'broken'; snapshot = 'point' }).code | Should -BeExactly 'SNAPSHOT_UNSUPPORTED'
    }
    It 'leaves nothing when Convert-VHD fails' {
        Edit-TestWorld { param($world) $world.faults = @([pscustomobject]@{ cmdlet = 'Convert-VHD'; id = 'OperationFailed'; message = 'nein' }) }
        (Invoke-TestJob -Operation 'disk.clone' -Spec @{ vm = $script:Vm; disk = $script:Disk; name = 'broken'; snapshot = 'point' }).code | Should -BeExactly 'HYPERVISOR_FAILED'
        @([System.IO.Directory]::GetFileSystemEntries($script:Rig.Data, 'broken*')).Count | Should -Be 0
    }
    AfterAll {
        foreach ($name in 'later', 'point') { $null = Get-TestData -Operation 'snapshot.delete' -Spec @{ vm = $script:Vm; snapshot = $name } }
        $new = @((Get-TestData -Operation 'disk.list' -Spec @{ vm = $script:Vm }).items | Where-Object { $_.name -ceq 'new' })[0]
        $null = Get-TestData -Operation 'disk.delete' -Spec @{ vm = $script:Vm; disk = $new.id }
    }
}

Describe 'Invoke-DiskClone, linked' {
    It 'protects what a linked copy stands on, and frees it after' {
        $copy = New-TestVm -Name 'linked'
        $null = Get-TestData -Operation 'disk.clone' -Spec @{ vm = $script:Vm; disk = $script:Disk; name = 'disk0'; mode = 'linked'; attach_to = $copy }
        (Invoke-TestJob -Operation 'vm.start' -Spec @{ vm = $script:Vm }).code | Should -BeExactly 'DISK_HAS_CHILDREN'
        (Invoke-TestJob -Operation 'disk.delete' -Spec @{ vm = $script:Vm; disk = $script:Disk }).code | Should -BeExactly 'DISK_HAS_CHILDREN'
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $copy }
        $null = Get-TestData -Operation 'vm.delete' -Spec @{ vm = $copy; delete_disks = $true; force = $true }
        (Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm }).state | Should -BeExactly 'running'
        $null = Get-TestData -Operation 'vm.stop' -Spec @{ vm = $script:Vm }
    }
}

Describe 'Invoke-VmExport, Invoke-VmImport, Resolve-AgentFolder, Get-AgentImportedName' {
    It 'writes a machine and makes another of it' {
        $out = Get-TestData -Operation 'vm.export' -Spec @{ vm = $script:Vm; folder = 'backup' }
        $out.folder | Should -BeExactly 'backup'
        $out.bytes | Should -BeGreaterThan 0
        $in = Get-TestData -Operation 'vm.import' -Spec @{ folder = 'backup'; name = 'imported'; to_storage_class = 'fast' }
        $in.id | Should -Not -BeExactly $script:Vm
        $view = Get-TestData -Operation 'vm.get' -Spec @{ vm = $in.id }
        $view.name | Should -BeExactly 'imported'
        $view.disks[0].name | Should -BeExactly 'disk0'
        $view.disks[0].storage_class | Should -BeExactly 'fast'
        $in.disks | Should -Be @($view.disks.id)
        $in.nics | Should -Be @($view.nics.id)
    }
    It 'refuses <Code>' -ForEach @(
        @{ Operation = 'vm.export'; Spec = @{ folder = 'backup' }; Code = 'DISK_EXISTS' }, @{ Operation = 'vm.export'; Spec = @{ folder = '../backup' }; Code = 'SPEC_INVALID' }
        @{ Operation = 'vm.import'; Spec = @{ folder = 'nothing' }; Code = 'STORAGE_UNAVAILABLE' }, @{ Operation = 'vm.import'; Spec = @{ folder = 'backup'; identity = 'keep' }; Code = 'VM_EXISTS' }
        @{ Operation = 'vm.import'; Spec = @{ folder = 'backup'; name = 'web' }; Code = 'VM_EXISTS' }, @{ Operation = 'vm.import'; Spec = @{ folder = 'backup' }; Code = 'VM_EXISTS' }
    ) {
        $whole = @{ vm = $script:Vm }
        foreach ($key in $Spec.Keys) { $whole[$key] = $Spec[$key] }
        (Invoke-TestJob -Operation $Operation -Spec $whole).code | Should -BeExactly $Code
        @([System.IO.Directory]::GetDirectories($script:Rig.Data, 'import-*')).Count | Should -Be 0
    }
    It 'keeps the identity of a machine that is gone' {
        $id = New-TestVm -Name 'moving'
        $null = Get-TestData -Operation 'vm.export' -Spec @{ vm = $id; folder = 'moved' }
        $null = Get-TestData -Operation 'vm.delete' -Spec @{ vm = $id }
        (Get-TestData -Operation 'vm.import' -Spec @{ folder = 'moved'; identity = 'keep' }).id | Should -BeExactly $id
    }
}
