# Disks, drives, storage classes and images.
BeforeAll {
    . (Join-Path $PSScriptRoot 'rig.ps1')
    New-TestRig
    $script:Vm = New-TestVm -Name 'web'
    function Get-TestDisk { param([string]$Name); (Get-TestData -Operation 'disk.list' -Spec @{ vm = $script:Vm }).items | Where-Object { $_.name -eq $Name } }
}
AfterAll { Remove-TestRig }

Describe 'Invoke-DiskCreate, New-AgentDiskFile, Resolve-AgentNewDisk, Add-AgentDisk, Resolve-AgentDeviceName, Get-AgentDiskView, Invoke-DiskList, Invoke-DiskGet' {
    It 'makes an empty one of its size and attaches it' {
        $made = Get-TestData -Operation 'disk.create' -Spec @{ vm = $script:Vm; size_bytes = 3GB; iops_max = 500 }
        $disk = Get-TestData -Operation 'disk.get' -Spec @{ vm = $script:Vm; disk = $made.id }
        $disk.name | Should -BeExactly 'disk0'
        $disk.size_bytes | Should -Be 3GB
        $disk.iops_max | Should -Be 500
        $disk.bus | Should -BeExactly 'scsi'
        $disk.storage_class | Should -BeExactly 'default'
        $disk.vm | Should -BeExactly $script:Vm
    }
    It 'copies an image and leaves that as it is' {
        $before = [System.IO.File]::ReadAllText($script:Rig.Base)
        $made = Get-TestData -Operation 'disk.create' -Spec @{ vm = $script:Vm; image = 'debian'; name = 'root'; storage_class = 'fast' }
        $disk = Get-TestData -Operation 'disk.get' -Spec @{ vm = $script:Vm; disk = $made.id }
        $disk.size_bytes | Should -Be 2GB
        $disk.storage_class | Should -BeExactly 'fast'
        [System.IO.File]::ReadAllText($script:Rig.Base) | Should -BeExactly $before
    }
    It 'takes the space now when asked' {
        $made = Get-TestData -Operation 'disk.create' -Spec @{ name = 'fixed'; size_bytes = 1GB; preallocate = $true }
        (Get-VHD -Path ([System.IO.Path]::Combine($script:Rig.Data, 'fixed.vhdx'))).VhdType | Should -Be 'Fixed'
        (Get-TestData -Operation 'disk.get' -Spec @{ disk = $made.id }).vm | Should -BeNullOrEmpty
    }
    It 'refuses <Code> at <Pointer>' -ForEach @(
        @{ Spec = @{ name = 'fixed'; size_bytes = 1GB }; Code = 'DISK_EXISTS'; Pointer = '/name' }, @{ Spec = @{ name = '../x'; size_bytes = 1GB }; Code = 'SPEC_INVALID'; Pointer = '/name' }
        @{ Spec = @{ name = 'a'; size_bytes = 1GB; image = 'debian' }; Code = 'DISK_SHRINK_REFUSED'; Pointer = '/size_bytes' }, @{ Spec = @{ name = 'a'; image = 'install' }; Code = 'IMAGE_NOT_FOUND'; Pointer = '/image' }
        @{ Spec = @{ name = 'a'; image = 'none' }; Code = 'IMAGE_NOT_FOUND'; Pointer = '/image' }, @{ Spec = @{ name = 'a'; size_bytes = 1GB; storage_class = 'none' }; Code = 'STORAGE_NOT_FOUND'; Pointer = '/storage_class' }
        @{ Spec = @{ name = 'a'; size_bytes = 1GB; cache = 'writeback' }; Code = 'HYPERVISOR_UNSUPPORTED'; Pointer = '/cache' }, @{ Spec = @{ name = 'a'; size_bytes = 1GB; bus = 'virtio' }; Code = 'HYPERVISOR_UNSUPPORTED'; Pointer = '/bus' }
        @{ Spec = @{ name = 'a'; size_bytes = 60TB; preallocate = $true }; Code = 'STORAGE_FULL'; Pointer = '/storage_class' }, @{ Spec = @{ name = 'a' }; Code = 'SPEC_INVALID'; Pointer = '/size_bytes' }
    ) {
        $result = Invoke-TestJob -Operation 'disk.create' -Spec $Spec
        $result.code | Should -BeExactly $Code
        $result.data.errors[0].pointer | Should -BeExactly $Pointer
    }
    It 'leaves no file when attaching fails' {
        Edit-TestWorld { param($world) $world.faults = @([pscustomobject]@{ cmdlet = 'Add-VMHardDiskDrive'; id = 'OperationFailed'; message = 'nein' }) }
        (Invoke-TestJob -Operation 'disk.create' -Spec @{ vm = $script:Vm; size_bytes = 1GB; name = 'lost' }).code | Should -BeExactly 'HYPERVISOR_FAILED'
        [System.IO.File]::Exists([System.IO.Path]::Combine($script:Rig.Data, 'web-lost.vhdx')) | Should -BeFalse
    }
    It 'lists the volumes of a storage class with who has them' {
        $items = (Get-TestData -Operation 'disk.list' -Spec @{ storage_class = 'fast' }).items
        $items.name | Should -Be @('root')
        $items[0].vm | Should -BeExactly $script:Vm
    }
}

Describe 'Find-AgentSlot' {
    It 'adds a controller to a machine that is off, and has an end while it runs' {
        $id = New-TestVm -Name 'wide'
        Edit-TestWorld {
            param($world)
            $machine = $world.vms | Where-Object { $_.id -eq $id }
            Set-StrictMode -Off
        }
        Mock Get-VMHardDiskDrive { 0..63 | ForEach-Object { [pscustomobject]@{ ControllerType = 'SCSI'; ControllerNumber = 0; ControllerLocation = $_ } } }
        $slot = Find-AgentSlot -Vm (Get-VM -Id $id) -Type SCSI
        $slot.Number | Should -Be 1
        $slot.Location | Should -Be 0
        (Get-TestMachine -Id $id).scsi | Should -Be 2
        Mock Get-VMHardDiskDrive { foreach ($number in 0..1) { 0..63 | ForEach-Object { [pscustomobject]@{ ControllerType = 'SCSI'; ControllerNumber = $number; ControllerLocation = $_ } } } }
        Mock ConvertTo-AgentState { 'running' }
        { Find-AgentSlot -Vm (Get-VM -Id $id) -Type SCSI } | Should -Throw -ErrorId 'Farhand.DISK_SLOT_TAKEN*'
    }
    It 'knows that generation 2 has no IDE' { (Invoke-TestJob -Operation 'disk.create' -Spec @{ vm = $script:Vm; size_bytes = 1GB; bus = 'ide' }).code | Should -BeExactly 'HYPERVISOR_UNSUPPORTED' }
}

Describe 'Invoke-DiskAttach, Invoke-DiskDetach, Remove-AgentDisk, Get-AgentDisk, Get-AgentLooseDisk, Get-AgentDiskId' {
    It 'goes from a machine to none and back, by one id' {
        $disk = Get-TestDisk -Name 'disk0'
        (Get-TestData -Operation 'disk.detach' -Spec @{ vm = $script:Vm; disk = $disk.id }).id | Should -BeExactly $disk.id
        (Get-TestData -Operation 'disk.get' -Spec @{ disk = $disk.id }).vm | Should -BeNullOrEmpty
        (Get-TestData -Operation 'disk.attach' -Spec @{ vm = $script:Vm; disk = $disk.id; name = 'data' }).changed | Should -Be @('vm')
        (Get-TestDisk -Name 'data').id | Should -BeExactly $disk.id
        (Get-TestData -Operation 'disk.attach' -Spec @{ vm = $script:Vm; disk = $disk.id }).changed | Should -BeNullOrEmpty
    }
    It 'refuses one that another machine has' {
        (Invoke-TestJob -Operation 'disk.attach' -Spec @{ vm = (New-TestVm -Name 'second'); disk = (Get-TestDisk -Name 'data').id }).code | Should -BeExactly 'DISK_IN_USE'
    }
    It 'finds no disk of another id' {
        (Invoke-TestJob -Operation 'disk.detach' -Spec @{ vm = $script:Vm; disk = 'disk-0000000000000000' }).code | Should -BeExactly 'DISK_NOT_FOUND'
        (Invoke-TestJob -Operation 'disk.get' -Spec @{ disk = 'data' }).code | Should -BeExactly 'DISK_NOT_FOUND'
    }
}

Describe 'Invoke-DiskResize, Set-AgentDiskSize, Invoke-DiskUpdate, Assert-AgentTuning' {
    It 'grows, and never shrinks' {
        $disk = Get-TestDisk -Name 'data'
        (Get-TestData -Operation 'disk.resize' -Spec @{ vm = $script:Vm; disk = $disk.id; size_bytes = 5GB }).changed | Should -Be @('size_bytes')
        (Get-TestDisk -Name 'data').size_bytes | Should -Be 5GB
        (Invoke-TestJob -Operation 'disk.resize' -Spec @{ vm = $script:Vm; disk = $disk.id; size_bytes = 4GB }).code | Should -BeExactly 'DISK_SHRINK_REFUSED'
    }
    It 'grows on SCSI while the machine runs' {
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm }
        $null = Get-TestData -Operation 'disk.resize' -Spec @{ vm = $script:Vm; disk = (Get-TestDisk -Name 'data').id; size_bytes = 6GB }
        $null = Get-TestData -Operation 'vm.stop' -Spec @{ vm = $script:Vm }
        (Get-TestDisk -Name 'data').size_bytes | Should -Be 6GB
    }
    It 'updates the fields given, and says which an error left' {
        $disk = Get-TestDisk -Name 'data'
        (Get-TestData -Operation 'disk.update' -Spec @{ vm = $script:Vm; disk = $disk.id; name = 'data1'; iops_max = 700 }).changed | Should -Be @('iops_max', 'name')
        Edit-TestWorld { param($world) $world.faults = @([pscustomobject]@{ cmdlet = 'Set-VMHardDiskDrive'; id = 'InvalidState'; message = 'nein' }) }
        $result = Invoke-TestJob -Operation 'disk.update' -Spec @{ vm = $script:Vm; disk = $disk.id; name = 'data'; iops_max = 0 }
        $result.status | Should -BeExactly 'partial'
        $result.data.not_changed[0].field | Should -BeExactly 'iops_max'
        $result.data.not_changed[0].code | Should -BeExactly 'VM_STATE_INVALID'
    }
    It 'changes nothing when a field is refused' {
        $disk = Get-TestDisk -Name 'data'
        (Invoke-TestJob -Operation 'disk.update' -Spec @{ vm = $script:Vm; disk = $disk.id; name = 'other'; size_bytes = 1GB }).code | Should -BeExactly 'DISK_SHRINK_REFUSED'
        (Get-TestDisk -Name 'data').id | Should -BeExactly $disk.id
        (Invoke-TestJob -Operation 'disk.update' -Spec @{ vm = $script:Vm; disk = $disk.id; read_only = $true }).code | Should -BeExactly 'HYPERVISOR_UNSUPPORTED'
    }
}

Describe 'Invoke-DiskClone, Invoke-DiskDelete, Invoke-DiskUse, Assert-AgentDiskIdle, Get-AgentDiskUse, Remove-AgentDiskFile' {
    It 'copies in full and linked; what others stand on is not deleted, and may be again after them' {
        $base = (Get-TestData -Operation 'disk.create' -Spec @{ name = 'base'; size_bytes = 1GB }).id
        $full = (Get-TestData -Operation 'disk.clone' -Spec @{ disk = $base; name = 'full'; storage_class = 'fast' }).id
        $linked = (Get-TestData -Operation 'disk.clone' -Spec @{ disk = $base; name = 'linked'; mode = 'linked' }).id
        $use = Get-TestData -Operation 'disk.use' -Spec @{ disk = $base }
        @($use.users).Count, $use.children | Should -Be @(0, 1)
        (Invoke-TestJob -Operation 'disk.delete' -Spec @{ disk = $base }).code | Should -BeExactly 'DISK_HAS_CHILDREN'
        (Invoke-TestJob -Operation 'disk.resize' -Spec @{ disk = $base; size_bytes = 2GB }).code | Should -BeExactly 'DISK_HAS_CHILDREN'
        (Invoke-TestJob -Operation 'disk.attach' -Spec @{ vm = $script:Vm; disk = $base }).code | Should -BeExactly 'DISK_HAS_CHILDREN'
        foreach ($id in $full, $linked, $base) { (Get-TestData -Operation 'disk.delete' -Spec @{ disk = $id }).changed | Should -Be @('disk') }
        [System.IO.File]::Exists([System.IO.Path]::Combine($script:Rig.Data, 'base.vhdx')) | Should -BeFalse
    }
    It 'copies none that a running machine writes to' {
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm }
        (Invoke-TestJob -Operation 'disk.clone' -Spec @{ vm = $script:Vm; disk = (Get-TestDisk -Name 'data').id; name = 'copy' }).code | Should -BeExactly 'DISK_IN_USE'
        $null = Get-TestData -Operation 'vm.stop' -Spec @{ vm = $script:Vm }
    }
    It 'deletes a machine''s disk with its file' {
        $disk = Get-TestDisk -Name 'data'
        $null = Get-TestData -Operation 'disk.delete' -Spec @{ vm = $script:Vm; disk = $disk.id }
        [System.IO.File]::Exists([System.IO.Path]::Combine($script:Rig.Data, 'web-disk0.vhdx')) | Should -BeFalse
        (Get-TestMachine -Id $script:Vm).drives.Count | Should -Be 1
    }
}

Describe 'Resolve-AgentStorage, Find-AgentStorageClass, Assert-AgentPathInside, Get-AgentVolumeFile' {
    It 'is outside: <Path>' -ForEach @(@{ Path = 'outside/a.vhdx' }, @{ Path = 'data/../outside/a.vhdx' }, @{ Path = 'data-2/a.vhdx' }, @{ Path = 'data/../../a.vhdx' }) {
        { Assert-AgentPathInside -Path ([System.IO.Path]::Combine($script:Rig.Folder, $Path)) -Resources $script:Rig.Resources } | Should -Throw -ErrorId 'Farhand.STORAGE_OUTSIDE*'
    }
    It 'refuses a relative path' { { Assert-AgentPathInside -Path 'a.vhdx' -Resources $script:Rig.Resources } | Should -Throw -ErrorId 'Farhand.STORAGE_OUTSIDE*' }
    It 'refuses what leads through a link, and lists nothing behind it' {
        $outside = [System.IO.Path]::Combine($script:Rig.Folder, 'outside')
        $null = New-VHD -Path ([System.IO.Path]::Combine($outside, 'secret.vhdx')) -SizeBytes 1GB -Dynamic
        $null = New-Item -ItemType SymbolicLink -Path ([System.IO.Path]::Combine($script:Rig.Data, 'link')) -Target $outside
        { Assert-AgentPathInside -Path ([System.IO.Path]::Combine($script:Rig.Data, 'link', 'secret.vhdx')) -Resources $script:Rig.Resources } | Should -Throw -ErrorId 'Farhand.STORAGE_OUTSIDE*'
        @(Get-AgentVolumeFile -Path $script:Rig.Data | Where-Object { $_ -like '*secret*' }).Count | Should -Be 0
        [System.IO.File]::Delete([System.IO.Path]::Combine($script:Rig.Data, 'link'))
    }
    It 'says the innermost class' {
        $resources = @{ storage = @{ outer = $script:Rig.Folder; inner = $script:Rig.Data } }
        Find-AgentStorageClass -Path ([System.IO.Path]::Combine($script:Rig.Data, 'a.vhdx')) -Resources $resources | Should -BeExactly 'inner'
    }
    It 'says that a folder is not there' {
        { Resolve-AgentStorage -Name 'away' -Resources @{ storage = @{ away = [System.IO.Path]::Combine($script:Rig.Folder, 'away') } } } | Should -Throw -ErrorId 'Farhand.STORAGE_UNAVAILABLE*'
    }
}

Describe 'Get-AgentSpace, Assert-AgentSpace, Invoke-StorageList, Invoke-ImageList, Find-AgentImage, Resolve-AgentImage' {
    It 'says what is free' {
        $item = (Get-TestData -Operation 'storage.list').items[0]
        $item.available_bytes | Should -BeGreaterThan 0
        $item.capacity_bytes | Should -BeGreaterThan $item.available_bytes
        $item.formats.GetType().IsArray | Should -BeTrue
        { Assert-AgentSpace -Path $script:Rig.Data -Bytes ([long]::MaxValue) } | Should -Throw -ErrorId 'Farhand.STORAGE_FULL*'
    }
    It 'lists images with the size that a guest sees' {
        $items = (Get-TestData -Operation 'image.list').items
        ($items | Where-Object { $_.name -eq 'debian' }).size_bytes | Should -Be 2GB
        ($items | Where-Object { $_.name -eq 'install' }).kind | Should -BeExactly 'iso'
    }
    It 'says when an image is not there' {
        $script:Rig.Resources.images['away'] = [ordered]@{ path = [System.IO.Path]::Combine($script:Rig.Folder, 'away.vhdx') }
        ((Get-TestData -Operation 'image.list').items | Where-Object { $_.name -eq 'away' }).available | Should -BeFalse
        (Invoke-TestJob -Operation 'disk.create' -Spec @{ name = 'a'; image = 'away' }).code | Should -BeExactly 'STORAGE_UNAVAILABLE'
        $script:Rig.Resources.images.Remove('away')
    }
    It 'never deletes an image' {
        $script:Rig.Resources.images['own'] = [ordered]@{ path = [System.IO.Path]::Combine($script:Rig.Data, 'fixed.vhdx') }
        (Invoke-TestJob -Operation 'disk.delete' -Spec @{ disk = (Get-AgentDiskId -Path ([System.IO.Path]::Combine($script:Rig.Data, 'fixed.vhdx'))) }).code | Should -BeExactly 'DISK_IN_USE'
        $script:Rig.Resources.images.Remove('own')
    }
}

Describe 'Invoke-IsoAttach, Invoke-IsoEject, Get-AgentDrive' {
    It 'adds a drive, fills and empties it' {
        $data = Get-TestData -Operation 'iso.attach' -Spec @{ vm = $script:Vm; image = 'install' }
        $drive = (Get-TestData -Operation 'vm.get' -Spec @{ vm = $script:Vm }).disks | Where-Object { $_.kind -eq 'cdrom' }
        $drive.image | Should -BeExactly 'install'
        $drive.id | Should -BeExactly $data.id
        (Get-TestData -Operation 'iso.attach' -Spec @{ vm = $script:Vm; image = 'install' }).changed | Should -BeNullOrEmpty
        (Get-TestData -Operation 'iso.eject' -Spec @{ vm = $script:Vm }).changed | Should -Be @('image')
        (Get-TestData -Operation 'iso.eject' -Spec @{ vm = $script:Vm }).changed | Should -BeNullOrEmpty
        (Invoke-TestJob -Operation 'iso.attach' -Spec @{ vm = $script:Vm; image = 'debian' }).code | Should -BeExactly 'IMAGE_NOT_FOUND'
        (Invoke-TestJob -Operation 'iso.eject' -Spec @{ vm = $script:Vm; drive = 'dvd-9-9' }).code | Should -BeExactly 'DISK_NOT_FOUND'
    }
    It 'starts from it until it is ejected, then as before' {
        $before = (Get-TestData -Operation 'vm.get' -Spec @{ vm = $script:Vm }).boot_order
        $null = Get-TestData -Operation 'iso.attach' -Spec @{ vm = $script:Vm; image = 'install'; boot_once = $true }
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = $script:Vm }).boot_order[0] | Should -BeExactly 'cdrom'
        $null = Get-TestData -Operation 'iso.eject' -Spec @{ vm = $script:Vm }
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = $script:Vm }).boot_order | Should -Be $before
    }
}
