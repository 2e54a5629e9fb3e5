# Which files are touched: those of the storage classes, and of them none that another machine or disk needs.
BeforeAll {
    . (Join-Path $PSScriptRoot 'rig.ps1')
    New-TestRig
    function Clear-TestFault { Edit-TestWorld { param($world) $world.faults = @() } }
    function Set-TestFault { param([string]$Cmdlet, [string]$Id = 'OperationFailed', [int]$Skip = 0); Edit-TestWorld { param($world) $world.faults = @([pscustomobject]@{ cmdlet = $Cmdlet; id = $Id; message = 'nein'; skip = $Skip }) } }
}
AfterAll { Remove-TestRig }

Describe 'Get-AgentDiskUse, Remove-AgentDiskFile, Set-AgentDiskSize, Invoke-DiskClone' {
    AfterEach { Clear-TestFault }
    It 'deletes no disk while it cannot know who stands on it' {
        $id = New-TestVm -Name 'stands'
        $base = (Get-TestData -Operation 'disk.create' -Spec @{ name = 'base'; size_bytes = 1GB }).id
        $file = [System.IO.Path]::Combine($script:Rig.Data, 'base.vhdx')
        $child = [System.IO.Path]::Combine($script:Rig.Folder, 'outside', 'child.vhdx')
        $null = New-VHD -Path $child -ParentPath $file -Differencing
        Add-VMHardDiskDrive -VM (Get-VM -Id $id) -Path $child
        for ($skip = 0; $skip -lt 8; $skip++) {
            Set-TestFault -Cmdlet 'Get-VHD' -Skip $skip
            (Invoke-TestJob -Operation 'disk.delete' -Spec @{ disk = $base }).code | Should -BeExactly 'DISK_IN_USE' -Because "call $skip"
            [System.IO.File]::Exists($file) | Should -BeTrue
        }
        [System.IO.File]::Delete($child)
        Get-VM -Id $id | Remove-VM -Force
        (Get-TestData -Operation 'disk.delete' -Spec @{ disk = $base }).changed | Should -Be @('disk')
    }
    It 'passes over a machine whose disk is not there' {
        $id = New-TestVm -Name 'lacking'
        $null = Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 1GB }
        [System.IO.File]::Delete([System.IO.Path]::Combine($script:Rig.Data, 'lacking-disk0.vhdx'))
        $disk = (Get-TestData -Operation 'disk.create' -Spec @{ name = 'other'; size_bytes = 1GB }).id
        (Get-TestData -Operation 'disk.delete' -Spec @{ disk = $disk }).changed | Should -Be @('disk')
        (Invoke-TestJob -Operation 'vm.start' -Spec @{ vm = $id }).code | Should -BeExactly 'VM_START_FAILED'
    }
    It 'deletes no disk that had copies while a file is unreadable, and any other' {
        $base = (Get-TestData -Operation 'disk.create' -Spec @{ name = 'golden'; size_bytes = 1GB }).id
        $copy = (Get-TestData -Operation 'disk.clone' -Spec @{ disk = $base; name = 'copy'; mode = 'linked'; storage_class = 'fast' }).id
        $plain = (Get-TestData -Operation 'disk.create' -Spec @{ name = 'plain'; size_bytes = 1GB }).id
        $file = [System.IO.Path]::Combine($script:Rig.Fast, 'copy.vhdx')
        $text = [System.IO.File]::ReadAllText($file)
        [System.IO.File]::WriteAllText($file, 'broken')
        (Invoke-TestJob -Operation 'disk.delete' -Spec @{ disk = $base }).code | Should -BeExactly 'DISK_HAS_CHILDREN'
        (Get-TestData -Operation 'disk.delete' -Spec @{ disk = $plain }).changed | Should -Be @('disk')
        [System.IO.File]::WriteAllText($file, $text)
        foreach ($id in $copy, $base) { $null = Get-TestData -Operation 'disk.delete' -Spec @{ disk = $id } }
    }
    It 'makes what a copy stands on read-only, and frees it with the last one' {
        $base = (Get-TestData -Operation 'disk.create' -Spec @{ name = 'stem'; size_bytes = 1GB }).id
        $file = [System.IO.Path]::Combine($script:Rig.Data, 'stem.vhdx')
        $ids = @('a1', 'a2' | ForEach-Object { (Get-TestData -Operation 'disk.clone' -Spec @{ disk = $base; name = $_; mode = 'linked' }).id })
        [System.IO.File]::GetAttributes($file) -band [System.IO.FileAttributes]::ReadOnly | Should -Not -Be 0
        $null = Get-TestData -Operation 'disk.delete' -Spec @{ disk = $ids[0] }
        [System.IO.File]::GetAttributes($file) -band [System.IO.FileAttributes]::ReadOnly | Should -Not -Be 0
        $null = Get-TestData -Operation 'disk.delete' -Spec @{ disk = $ids[1] }
        [int]([System.IO.File]::GetAttributes($file) -band [System.IO.FileAttributes]::ReadOnly) | Should -Be 0
    }
    It 'neither resizes nor copies nor deletes a machine''s disk that is taken for a volume' {
        $id = New-TestVm -Name 'owner'
        $disk = (Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 1GB }).id
        $null = Get-TestData -Operation 'snapshot.create' -Spec @{ vm = $id; name = 'one' }
        Mock Resize-VHD { throw 'It must not come to this.' }
        foreach ($job in @(@('disk.resize', @{ disk = $disk; size_bytes = 2GB }), @('disk.clone', @{ disk = $disk; name = 'stale' }), @('disk.delete', @{ disk = $disk }), @('disk.clone', @{ disk = $disk; name = 'stale'; mode = 'linked' }))) {
            (Invoke-TestJob -Operation $job[0] -Spec $job[1]).code | Should -BeExactly 'DISK_IN_USE' -Because $job[0]
        }
        (Invoke-TestJob -Operation 'disk.resize' -Spec @{ vm = $id; disk = $disk; size_bytes = 2GB }).code | Should -BeExactly 'VM_HAS_SNAPSHOTS'
        (Invoke-TestJob -Operation 'disk.detach' -Spec @{ vm = $id; disk = $disk }).code | Should -BeExactly 'VM_HAS_SNAPSHOTS'
    }
    It 'finds the disk that only a checkpoint has' {
        $id = New-TestVm -Name 'past'
        $disk = (Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 1GB }).id
        $null = Get-TestData -Operation 'snapshot.create' -Spec @{ vm = $id; name = 'one' }
        Get-VMHardDiskDrive -VM (Get-VM -Id $id) | Remove-VMHardDiskDrive
        (Invoke-TestJob -Operation 'disk.delete' -Spec @{ disk = $disk }).code | Should -BeExactly 'DISK_IN_USE'
    }
}

Describe 'Assert-AgentMergeable' {
    AfterEach { Clear-TestFault }
    It 'merges nothing into a disk that linked copies stand on' {
        $id = New-TestVm -Name 'original'
        $disk = (Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 1GB }).id
        $copy = (Get-TestData -Operation 'disk.clone' -Spec @{ vm = $id; disk = $disk; name = 'linked'; mode = 'linked' }).id
        (Invoke-TestJob -Operation 'snapshot.create' -Spec @{ vm = $id; name = 'one' }).code | Should -BeExactly 'DISK_HAS_CHILDREN'
        Checkpoint-VM -VM (Get-VM -Id $id) -SnapshotName 'by-hand'
        foreach ($job in @(@('vm.start', @{ vm = $id }), @('snapshot.delete', @{ vm = $id; snapshot = 'by-hand' }), @('vm.delete', @{ vm = $id; force = $true; delete_disks = $true }))) { (Invoke-TestJob -Operation $job[0] -Spec $job[1]).code | Should -BeExactly 'DISK_HAS_CHILDREN' -Because $job[0] }
        @((Get-TestMachine -Id $id).snapshots).Count | Should -Be 1
        $null = Get-TestData -Operation 'disk.delete' -Spec @{ disk = $copy }
    }
}

Describe 'Test-AgentSamePath, Find-AgentImage' {
    AfterEach { Clear-TestFault }
    It '<One> and <Other>: <Same>' -ForEach @(
        @{ One = '/a/b.vhdx'; Other = '/A/./x/../B.VHDX'; Same = $true }, @{ One = '/a/b.vhdx'; Other = '/a//b.vhdx'; Same = $true }, @{ One = '/a/b.vhdx'; Other = '/a/bb.vhdx'; Same = $false }, @{ One = ''; Other = ''; Same = $false }
        @{ One = 'Disk 2 10 GB Bus 0 Lun 0 Target 0'; Other = '/a'; Same = $false }, @{ One = $null; Other = '/a'; Same = $false }
    ) { Test-AgentSamePath -Path $One -Other $Other | Should -Be $Same }
    It 'never deletes an image, however its path is written' {
        $disk = (Get-TestData -Operation 'disk.create' -Spec @{ name = 'pattern'; size_bytes = 1GB }).id
        $script:Rig.Resources.images['own'] = [ordered]@{ path = [System.IO.Path]::Combine($script:Rig.Data, '.', 'PATTERN.vhdx') }
        (Invoke-TestJob -Operation 'disk.delete' -Spec @{ disk = $disk }).code | Should -BeExactly 'DISK_IN_USE'
        { Remove-AgentDiskFile -Path ([System.IO.Path]::Combine($script:Rig.Data, 'pattern.vhdx')) -Resources $script:Rig.Resources } | Should -Throw -ErrorId 'Farhand.DISK_IN_USE*'
        (Invoke-TestJob -Operation 'disk.attach' -Spec @{ vm = (New-TestVm -Name 'taker'); disk = $disk }).code | Should -BeExactly 'DISK_IN_USE'
        $script:Rig.Resources.images.Remove('own')
    }
}

Describe 'Test-AgentVm' {
    AfterEach { Clear-TestFault }
    It 'a machine that is deleted meanwhile is in nobody''s way; one that cannot be read is' {
        $disk = (Get-TestData -Operation 'disk.create' -Spec @{ name = 'alone'; size_bytes = 1GB }).id
        $null = New-TestVm -Name 'reader'
        Mock Get-VMHardDiskDrive { throw 'Das Objekt wurde nicht gefunden.' }
        (Invoke-TestJob -Operation 'disk.use' -Spec @{ disk = $disk }).status | Should -BeExactly 'error'
        (Invoke-TestJob -Operation 'disk.list' -Spec @{ storage_class = 'default' }).status | Should -BeExactly 'error'
        Mock Test-AgentVm { $false }
        (Get-TestData -Operation 'disk.use' -Spec @{ disk = $disk }).children | Should -Be 0
        @((Get-TestData -Operation 'disk.list' -Spec @{ storage_class = 'default' }).items.id) | Should -Contain $disk
    }
    It 'knows who is there' {
        $machine = New-VM -Name 'short' -Generation 2 -MemoryStartupBytes 1GB -Path $script:Rig.Fast -NoVHD
        Test-AgentVm -Vm $machine | Should -BeTrue
        $null = Get-TestData -Operation 'vm.delete' -Spec @{ vm = [string]$machine.Id }
        Test-AgentVm -Vm $machine | Should -BeFalse
    }
}

Describe 'Remove-AgentEmptyFolder' {
    AfterEach { Clear-TestFault }
    It 'leaves the folder of a storage class and what is being made in it' {
        $machine = New-VM -Name 'rooted' -Generation 2 -MemoryStartupBytes 1GB -Path $script:Rig.Fast -NoVHD
        Edit-TestWorld { param($world) ($world.vms | Where-Object { $_.id -eq [string]$machine.Id }).path = $script:Rig.Fast }
        $other = [System.IO.Path]::Combine($script:Rig.Fast, 'import-0123')
        $null = [System.IO.Directory]::CreateDirectory($other)
        $null = Get-TestData -Operation 'vm.delete' -Spec @{ vm = [string]$machine.Id }
        [System.IO.Directory]::Exists($other) | Should -BeTrue
    }
    It 'removes a machine''s own, unless <Name>' -ForEach @(@{ Name = 'there is a file in it'; Make = { param($at) [System.IO.File]::WriteAllText("$at/b/file", '') } }, @{ Name = 'there is a link in it'; Make = { param($at) $null = New-Item -ItemType SymbolicLink -Path "$at/b/link" -Target '/tmp' } }) {
        $at = [System.IO.Path]::Combine($script:Rig.Data, 'shed')
        foreach ($folder in 'a', 'b') { $null = [System.IO.Directory]::CreateDirectory("$at/$folder") }
        & $Make $at
        Remove-AgentEmptyFolder -Path $at -Resources $script:Rig.Resources
        [System.IO.Directory]::Exists("$at/a") | Should -BeTrue
        Get-ChildItem -LiteralPath "$at/b" | ForEach-Object { $_.Delete() }
        Remove-AgentEmptyFolder -Path $at -Resources $script:Rig.Resources
        [System.IO.Directory]::Exists($at) | Should -BeFalse
    }
    It 'removes nothing outside' {
        Remove-AgentEmptyFolder -Path ([System.IO.Path]::Combine($script:Rig.Folder, 'outside')) -Resources $script:Rig.Resources
        [System.IO.Directory]::Exists([System.IO.Path]::Combine($script:Rig.Folder, 'outside')) | Should -BeTrue
    }
}

Describe 'Assert-AgentFileName, Resolve-AgentStorage, Find-AgentStorageClass' {
    AfterEach { Clear-TestFault }
    It 'takes no name that is a device or ends with a dot: <Name>' -ForEach @(@{ Name = 'con' }, @{ Name = 'Nul.a' }, @{ Name = 'COM1' }, @{ Name = 'web.' }, @{ Name = 'lpt9' }) {
        { Assert-AgentFileName -Name $Name } | Should -Throw -ErrorId 'Farhand.SPEC_INVALID*'
        (Invoke-TestJob -Operation 'vm.create' -Spec @{ name = $Name; cpus = 1; memory_bytes = 1GB }).code | Should -BeExactly 'SPEC_INVALID'
        (Invoke-TestJob -Operation 'vm.import' -Spec @{ folder = $Name }).code | Should -BeExactly 'SPEC_INVALID'
        (Invoke-TestJob -Operation 'disk.create' -Spec @{ name = $Name; size_bytes = 1GB }).code | Should -BeExactly 'SPEC_INVALID'
    }
    It 'takes names that only look like one: <Name>' -ForEach @(@{ Name = 'console' }, @{ Name = 'com10' }, @{ Name = 'a.con' }, @{ Name = 'x' }) { { Assert-AgentFileName -Name $Name } | Should -Not -Throw }
    It 'keeps the end of a volume''s own folder' {
        Resolve-AgentStorage -Name 'root' -Resources @{ storage = @{ root = '/' } } | Should -BeExactly '/'
        Assert-AgentPathInside -Path '/any.vhdx' -Resources @{ storage = @{ root = '/' } } | Should -BeExactly '/any.vhdx'
    }
    It 'takes no folder that begins like one' {
        Find-AgentStorageClass -Path ([System.IO.Path]::Combine($script:Rig.Folder, 'data-2', 'a.vhdx')) -Resources $script:Rig.Resources | Should -BeNullOrEmpty
    }
    It 'never leaves the storage class by the name of a machine' {
        $id = [string](New-VM -Name '../../outside/[x]*' -Generation 2 -MemoryStartupBytes 1GB -Path $script:Rig.Data -NoVHD).Id
        $null = Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 1GB; storage_class = 'default' }
        [System.IO.Path]::GetDirectoryName((Get-TestMachine -Id $id).drives[0].path) | Should -BeExactly $script:Rig.Data
    }
}

Describe 'Get-AgentErrorTable, Resolve-AgentFailure, Get-AgentVm' {
    AfterEach { Clear-TestFault }
    It 'calls no machine gone when Get-VM says <Id>' -ForEach @(@{ Id = 'InvalidParameter' }, @{ Id = 'ObjectNotFound' }) {
        $vm = New-TestVm -Name "there-$Id"
        Set-TestFault -Cmdlet 'Get-VM' -Id $Id
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = $vm }).id | Should -BeExactly $vm
    }
    It 'calls no machine gone when Get-VM says <Id>, and no list can be had' -ForEach @(@{ Id = 'OperationFailed'; Code = 'HYPERVISOR_FAILED' }, @{ Id = 'SomethingNew'; Code = 'HYPERVISOR_FAILED' }, @{ Id = 'AccessDenied'; Code = 'HYPERVISOR_ACCESS_DENIED' }) {
        Set-TestFault -Cmdlet 'Get-VM' -Id $Id
        (Invoke-TestJob -Operation 'vm.get' -Spec @{ vm = [guid]::NewGuid().ToString() }).code | Should -BeExactly $Code
    }
    It 'calls a machine gone that is' { (Invoke-TestJob -Operation 'vm.get' -Spec @{ vm = [guid]::NewGuid().ToString() }).code | Should -BeExactly 'VM_NOT_FOUND' }
    It 'calls no machine gone when a device is: <Cmdlet>' -ForEach @(@{ Cmdlet = 'Set-VMProcessor' }, @{ Cmdlet = 'Get-VMNetworkAdapter' }) {
        $vm = New-TestVm -Name "device-$Cmdlet"
        Set-TestFault -Cmdlet $Cmdlet -Id 'ObjectNotFound'
        (Invoke-TestJob -Operation 'vm.update' -Spec @{ vm = $vm; cpus = 3 }).code | Should -BeExactly 'HYPERVISOR_FAILED'
    }
    It 'knows WMI by the number in its identifier: <Id> is <Code>' -ForEach @(@{ Id = 'HRESULT 0x80041003'; Code = 'HYPERVISOR_ACCESS_DENIED' }, @{ Id = 'HRESULT 0x8004100e'; Code = 'HYPERVISOR_UNAVAILABLE' }, @{ Id = 'HRESULT 0x80041002'; Code = 'HYPERVISOR_FAILED' }) {
        $record = [System.Management.Automation.ErrorRecord]::new([System.InvalidOperationException]::new('Zugriff verweigert'), "$Id,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand", 'NotSpecified', $null)
        (Resolve-AgentFailure -ErrorRecord $record).code | Should -BeExactly $Code
    }
}

Describe 'Get-AgentVolumeFile, Invoke-VmImport' {
    AfterEach { Clear-TestFault }
    It 'imports nothing that a link leads to' {
        $id = New-TestVm -Name 'hidden'
        $null = Get-TestData -Operation 'vm.export' -Spec @{ vm = $id; folder = 'real' }
        $outside = [System.IO.Path]::Combine($script:Rig.Folder, 'outside', 'moved')
        [System.IO.Directory]::Move([System.IO.Path]::Combine($script:Rig.Data, 'real'), $outside)
        $fake = [System.IO.Path]::Combine($script:Rig.Data, 'linked')
        $null = [System.IO.Directory]::CreateDirectory($fake)
        $null = New-Item -ItemType SymbolicLink -Path ([System.IO.Path]::Combine($fake, 'in')) -Target $outside
        (Invoke-TestJob -Operation 'vm.import' -Spec @{ folder = 'linked'; name = 'other' }).code | Should -BeExactly 'VM_CONFIG_INVALID'
    }
}

Describe 'Cultures' {
    AfterEach { Clear-TestFault }
    It 'reads and writes the same under <Culture>' -ForEach @(@{ Culture = 'tr-TR' }, @{ Culture = 'de-DE' }, @{ Culture = 'ar-SA' }) {
        $old = [System.Threading.Thread]::CurrentThread.CurrentCulture
        try {
            [System.Threading.Thread]::CurrentThread.CurrentCulture = $Culture
            $iso = [System.IO.Path]::Combine($script:Rig.Folder, 'images', "INSTALL-$Culture.ISO")
            [System.IO.File]::WriteAllText($iso, 'x')
            $script:Rig.Resources.images['upper'] = [ordered]@{ path = $iso }
            ((Get-TestData -Operation 'image.list').items | Where-Object { $_.name -eq 'upper' }).kind | Should -BeExactly 'iso'
            $id = New-TestVm -Name "I-$Culture" -More @{ memory_min_bytes = 512MB; autostart = $true; autostart_delay_ms = 3000; secure_boot = $true }
            $disk = (Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 3GB; iops_max = 1500 }).id
            $null = Get-TestData -Operation 'iso.attach' -Spec @{ vm = $id; image = 'upper' }
            $null = Get-TestData -Operation 'nic.create' -Spec @{ vm = $id; network = 'lan'; bandwidth_max_bps = 1000000000; vlan_trunk = @{ native = 1; allowed = @(1, 2) } }
            $view = Get-TestData -Operation 'vm.get' -Spec @{ vm = $id }
            $view.autostart_delay_ms | Should -Be 3000
            $view.created_at | Should -Match '\A20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z\z'
            ($view.disks | Where-Object { $_.id -eq $disk }).iops_max | Should -Be 1500
            $view.nics[0].bandwidth_max_bps | Should -Be 1000000000
        }
        finally { [System.Threading.Thread]::CurrentThread.CurrentCulture = $old; $script:Rig.Resources.images.Remove('upper') }
    }
}
