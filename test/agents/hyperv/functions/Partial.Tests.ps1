# What happens when a part of an operation fails, or is taken and does not come about: undone, or said.
BeforeAll {
    . (Join-Path $PSScriptRoot 'rig.ps1')
    New-TestRig
    function Set-TestFault { param([string]$Cmdlet, [string]$Id = 'OperationFailed', [int]$Skip = 0); Edit-TestWorld { param($world) $world.faults = @([pscustomobject]@{ cmdlet = $Cmdlet; id = $Id; message = 'nein'; skip = $Skip }) } }
    function Clear-TestFault { Edit-TestWorld { param($world) $world.faults = @() } }
    $script:Vm = New-TestVm -Name 'web'
    $script:Disk = (Get-TestData -Operation 'disk.create' -Spec @{ vm = $script:Vm; size_bytes = 1GB }).id
    $script:Nic = (Get-TestData -Operation 'nic.create' -Spec @{ vm = $script:Vm; network = 'office' }).id
}
AfterAll { Remove-TestRig }

Describe 'Add-AgentDisk, Invoke-DiskCreate, Invoke-DiskDelete, Invoke-DiskUpdate, Remove-AgentDisk' {
    AfterEach { Clear-TestFault }
    It 'has neither drive nor file when the name of a new disk cannot be noted' {
        Set-TestFault -Cmdlet 'Set-VM'
        (Invoke-TestJob -Operation 'disk.create' -Spec @{ vm = $script:Vm; size_bytes = 1GB; name = 'lost' }).code | Should -BeExactly 'HYPERVISOR_FAILED'
        @((Get-TestMachine -Id $script:Vm).drives).Count | Should -Be 1
        @([System.IO.Directory]::GetFiles($script:Rig.Data, '*lost*')).Count | Should -Be 0
    }
    It 'keeps the file when the drive of a new disk cannot be taken back' {
        Edit-TestWorld { param($world) $world.faults = @([pscustomobject]@{ cmdlet = 'Set-VM'; id = 'OperationFailed'; message = 'nein' }, [pscustomobject]@{ cmdlet = 'Remove-VMHardDiskDrive'; id = 'OperationFailed'; message = 'nein' }) }
        (Invoke-TestJob -Operation 'disk.create' -Spec @{ vm = $script:Vm; size_bytes = 1GB; name = 'stuck' }).status | Should -BeExactly 'error'
        @($script:Logs | Where-Object { $_['level'] -eq 'warn' }).Count | Should -BeGreaterThan 0
        $drive = (Get-TestMachine -Id $script:Vm).drives | Where-Object { $_.path -like '*stuck*' }
        [System.IO.File]::Exists($drive.path) | Should -BeTrue
        $null = Get-TestData -Operation 'disk.delete' -Spec @{ vm = $script:Vm; disk = (Get-AgentDiskId -Path $drive.path) }
    }
    It 'says that a disk was detached and not deleted' {
        $id = (Get-TestData -Operation 'disk.create' -Spec @{ vm = $script:Vm; size_bytes = 1GB; name = 'half' }).id
        Mock Remove-AgentDiskFile { throw (New-AgentFailure -Code STORAGE_UNAVAILABLE -Message 'nein') }
        $result = Invoke-TestJob -Operation 'disk.delete' -Spec @{ vm = $script:Vm; disk = $id }
        $result.status | Should -BeExactly 'partial'
        $result.code | Should -BeExactly 'STORAGE_UNAVAILABLE'
        $result.data.changed | Should -Be @('vm')
        $result.data.not_changed[0].field | Should -BeExactly 'disk'
        (Get-TestData -Operation 'disk.get' -Spec @{ disk = $id }).vm | Should -BeNullOrEmpty
    }
    It 'calls no change of a disk a success that did not come about' {
        Mock Set-VMHardDiskDrive { }
        $result = Invoke-TestJob -Operation 'disk.update' -Spec @{ vm = $script:Vm; disk = $script:Disk; iops_max = 900; name = 'other' }
        $result.status | Should -BeExactly 'partial'
        $result.data.changed | Should -Be @('name')
        $result.data.not_changed[0].field | Should -BeExactly 'iops_max'
        Mock Remove-VMHardDiskDrive { }
        (Invoke-TestJob -Operation 'disk.detach' -Spec @{ vm = $script:Vm; disk = $script:Disk }).code | Should -BeExactly 'HYPERVISOR_FAILED'
    }
    It 'does not take away what another process makes at the same path' {
        $path = [System.IO.Path]::Combine($script:Rig.Data, 'both.vhdx')
        $claim = [System.IO.File]::Open("$path.making", 'CreateNew')
        try { { New-AgentDiskFile -Path $path -SizeBytes 1GB } | Should -Throw -ErrorId 'Farhand.DISK_EXISTS*' } finally { $claim.Dispose(); [System.IO.File]::Delete("$path.making") }
        $null = New-VHD -Path $path -SizeBytes 1GB -Dynamic
        { New-AgentDiskFile -Path $path -SizeBytes 1GB } | Should -Throw -ErrorId 'Farhand.DISK_EXISTS*'
        [System.IO.File]::Exists($path) | Should -BeTrue
        [System.IO.File]::Exists("$path.making") | Should -BeFalse
    }
    It 'leaves no file of a disk that <Cmdlet> failed on' -ForEach @(@{ Cmdlet = 'New-VHD'; Spec = @{ size_bytes = 1GB } }, @{ Cmdlet = 'Convert-VHD'; Spec = @{ image = 'debian' } }, @{ Cmdlet = 'Resize-VHD'; Spec = @{ image = 'debian'; size_bytes = 4GB } }) {
        Set-TestFault -Cmdlet $Cmdlet
        $whole = @{ name = 'broken' }
        foreach ($key in $Spec.Keys) { $whole[$key] = $Spec[$key] }
        (Invoke-TestJob -Operation 'disk.create' -Spec $whole).code | Should -BeExactly 'HYPERVISOR_FAILED'
        @([System.IO.Directory]::GetFiles($script:Rig.Data, 'broken*')).Count | Should -Be 0
    }
}

Describe 'Compare-AgentNic, Update-AgentNic, Invoke-NicCreate, Invoke-NicDelete, Invoke-NicDetach' {
    AfterEach { Clear-TestFault }
    It 'does not say that an adapter is on a network whose VLAN it did not get' {
        Set-TestFault -Cmdlet 'Set-VMNetworkAdapterVlan'
        $result = Invoke-TestJob -Operation 'nic.update' -Spec @{ vm = $script:Vm; nic = $script:Nic; network = 'lan' }
        $result.status | Should -BeExactly 'partial'
        $result.data.not_changed[0].field | Should -BeExactly 'vlan'
        Clear-TestFault
        $null = Get-TestData -Operation 'nic.update' -Spec @{ vm = $script:Vm; nic = $script:Nic; network = 'office'; vlan = 7 }
        Mock Set-VMNetworkAdapterVlan { }
        (Invoke-TestJob -Operation 'nic.update' -Spec @{ vm = $script:Vm; nic = $script:Nic; network = 'inner' }).data.not_changed[0].code | Should -BeExactly 'HYPERVISOR_FAILED'
    }
    It 'has no adapter rather than one without its <Cmdlet>' -ForEach @(@{ Cmdlet = 'Set-VMNetworkAdapter'; Spec = @{ network = 'lan'; dhcp_guard = $true } }, @{ Cmdlet = 'Set-VMNetworkAdapterVlan'; Spec = @{ network = 'office' } }) {
        Mock $Cmdlet { }
        $whole = @{ vm = $script:Vm }
        foreach ($key in $Spec.Keys) { $whole[$key] = $Spec[$key] }
        (Invoke-TestJob -Operation 'nic.create' -Spec $whole).code | Should -BeExactly 'HYPERVISOR_FAILED'
        @((Get-TestMachine -Id $script:Vm).nics).Count | Should -Be 1
    }
    It 'knows VLANs of a trunk in any order' {
        $data = Get-TestData -Operation 'nic.update' -Spec @{ vm = $script:Vm; nic = $script:Nic; vlan_trunk = @{ allowed = @(9, 7, 9) } }
        $data.changed | Should -Contain 'vlan_trunk'
        (Get-TestData -Operation 'nic.update' -Spec @{ vm = $script:Vm; nic = $script:Nic; vlan_trunk = @{ allowed = @(7, 9) } }).changed | Should -BeNullOrEmpty
        Compare-AgentNic -Spec @{ vlan_trunk = @{ allowed = @(7) } } -View @{ vlan_trunk = @{ native = $null; allowed = @(7, 9) } } | Should -BeExactly 'vlan_trunk'
    }
    It 'refuses bandwidth that Hyper-V would round' {
        $result = Invoke-TestJob -Operation 'nic.update' -Spec @{ vm = $script:Vm; nic = $script:Nic; bandwidth_max_bps = 100000001 }
        $result.code | Should -BeExactly 'VM_CONFIG_INVALID'
        $result.data.errors[0].pointer | Should -BeExactly '/bandwidth_max_bps'
    }
    It 'does not call an adapter off its network, or gone, that is not' {
        Mock Disconnect-VMNetworkAdapter { }
        (Invoke-TestJob -Operation 'nic.detach' -Spec @{ vm = $script:Vm; nic = $script:Nic }).code | Should -BeExactly 'HYPERVISOR_FAILED'
        Mock Remove-VMNetworkAdapter { }
        (Invoke-TestJob -Operation 'nic.delete' -Spec @{ vm = $script:Vm; nic = $script:Nic }).code | Should -BeExactly 'HYPERVISOR_FAILED'
    }
    It 'removes an adapter though the notes cannot be written' {
        $id = (Get-TestData -Operation 'nic.create' -Spec @{ vm = $script:Vm; network = 'lan' }).id
        Set-TestFault -Cmdlet 'Set-VM'
        (Get-TestData -Operation 'nic.delete' -Spec @{ vm = $script:Vm; nic = $id }).changed | Should -Be @('nic')
    }
}

Describe 'Invoke-SnapshotCreate, Invoke-SnapshotRevert, Invoke-SnapshotDelete' {
    AfterEach { Clear-TestFault }
    It 'says that a snapshot was taken whose <Field> failed' -ForEach @(@{ Field = 'description'; Spec = @{ name = 'told'; description = 'x' }; Skip = 0 }, @{ Field = 'checkpoint_type'; Spec = @{ name = 'kind'; memory = $false }; Skip = 1 }) {
        if ($Field -eq 'checkpoint_type') { $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm } }
        Set-TestFault -Cmdlet 'Set-VM' -Skip $Skip
        $whole = @{ vm = $script:Vm }
        foreach ($key in $Spec.Keys) { $whole[$key] = $Spec[$key] }
        $result = Invoke-TestJob -Operation 'snapshot.create' -Spec $whole
        $result.status | Should -BeExactly 'partial'
        $result.data.changed | Should -Be @('snapshot')
        $result.data.not_changed[0].field | Should -BeExactly $Field
        Clear-TestFault
        $null = Invoke-TestJob -Operation 'vm.stop' -Spec @{ vm = $script:Vm }
        $null = Get-TestData -Operation 'snapshot.delete' -Spec @{ vm = $script:Vm; snapshot = $Spec.name }
        Set-VM -VM (Get-VM -Id $script:Vm) -CheckpointType Standard
    }
    It 'says that the machine was turned off and not reverted, or reverted and not started' {
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm }
        $null = Get-TestData -Operation 'snapshot.create' -Spec @{ vm = $script:Vm; name = 'live' }
        Set-TestFault -Cmdlet 'Restore-VMSnapshot'
        $result = Invoke-TestJob -Operation 'snapshot.revert' -Spec @{ vm = $script:Vm; snapshot = 'live' }
        $result.status | Should -BeExactly 'partial'
        $result.data.state | Should -BeExactly 'off'
        $result.data.changed | Should -Be @('state')
        $result.data.not_changed[0].field | Should -BeExactly 'snapshot'
        Set-TestFault -Cmdlet 'Start-VM'
        $result = Invoke-TestJob -Operation 'snapshot.revert' -Spec @{ vm = $script:Vm; snapshot = 'live' }
        $result.status | Should -BeExactly 'partial'
        $result.data.changed | Should -Be @('snapshot')
        $result.data.not_changed[0].field | Should -BeExactly 'power'
        $result.data.state | Should -BeExactly 'saved'
        $null = Get-TestData -Operation 'vm.stop' -Spec @{ vm = $script:Vm }
    }
    It 'stays protected when it goes back to before it was' {
        $null = Get-TestData -Operation 'vm.update' -Spec @{ vm = $script:Vm; deletion_protection = $true }
        $null = Get-TestData -Operation 'snapshot.revert' -Spec @{ vm = $script:Vm; snapshot = 'live'; power = 'off' }
        (Invoke-TestJob -Operation 'vm.delete' -Spec @{ vm = $script:Vm; force = $true }).code | Should -BeExactly 'VM_PROTECTED'
        $null = Get-TestData -Operation 'vm.update' -Spec @{ vm = $script:Vm; deletion_protection = $false }
    }
    It 'calls no snapshot deleted, and no machine reverted, that is not' {
        Mock Remove-VMSnapshot { }
        (Invoke-TestJob -Operation 'snapshot.delete' -Spec @{ vm = $script:Vm; snapshot = 'live' }).code | Should -BeExactly 'HYPERVISOR_FAILED'
        $null = Get-TestData -Operation 'snapshot.create' -Spec @{ vm = $script:Vm; name = 'later' }
        Mock Restore-VMSnapshot { }
        (Invoke-TestJob -Operation 'snapshot.revert' -Spec @{ vm = $script:Vm; snapshot = 'live' }).code | Should -BeExactly 'HYPERVISOR_FAILED'
    }
    It 'sets the kind of checkpoints back, whether one was taken or not' {
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm }
        $null = Get-TestData -Operation 'snapshot.create' -Spec @{ vm = $script:Vm; name = 'still'; memory = $false }
        (Get-TestMachine -Id $script:Vm).settings.checkpoints | Should -BeExactly 'Standard'
        Set-TestFault -Cmdlet 'Checkpoint-VM'
        (Invoke-TestJob -Operation 'snapshot.create' -Spec @{ vm = $script:Vm; name = 'none'; memory = $false }).status | Should -BeExactly 'error'
        (Get-TestMachine -Id $script:Vm).settings.checkpoints | Should -BeExactly 'Standard'
        $null = Get-TestData -Operation 'vm.stop' -Spec @{ vm = $script:Vm }
    }
}

Describe 'Invoke-VmReboot, New-AgentPowered, Start-AgentVm' {
    AfterEach { Clear-TestFault }
    It 'says that a machine shut down and did not start again' {
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm }
        Set-TestFault -Cmdlet 'Start-VM'
        $result = Invoke-TestJob -Operation 'vm.reboot' -Spec @{ vm = $script:Vm; wait_ms = 60000 }
        $result.status | Should -BeExactly 'partial'
        $result.code | Should -BeExactly 'VM_START_FAILED'
        $result.data.state | Should -BeExactly 'off'
        $result.data.forced | Should -BeFalse
    }
    It 'calls no <Operation> a success that did not come about' -ForEach @(@{ Operation = 'vm.suspend'; Cmdlet = 'Suspend-VM'; Code = 'HYPERVISOR_TIMEOUT' }, @{ Operation = 'vm.save'; Cmdlet = 'Save-VM'; Code = 'HYPERVISOR_TIMEOUT' }, @{ Operation = 'vm.stop'; Cmdlet = 'Stop-VM'; Code = 'HYPERVISOR_TIMEOUT' }) {
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm }
        Mock $Cmdlet { }
        Mock Wait-AgentState { ConvertTo-AgentState -State (Get-AgentVm -Id $Id).State }
        (Invoke-TestJob -Operation $Operation -Spec @{ vm = $script:Vm }).code | Should -BeExactly $Code
    }
    It 'calls a start that did not come about VM_START_FAILED' {
        $null = Get-TestData -Operation 'vm.stop' -Spec @{ vm = $script:Vm }
        Mock Start-VM { }
        Mock Wait-AgentState { ConvertTo-AgentState -State (Get-AgentVm -Id $Id).State }
        (Invoke-TestJob -Operation 'vm.start' -Spec @{ vm = $script:Vm }).code | Should -BeExactly 'VM_START_FAILED'
    }
}

Describe 'Invoke-VmCreate, Invoke-VmUpdate, Invoke-VmRename, Invoke-VmDelete, Set-AgentBootOrder, Test-AgentSameText' {
    AfterEach { Clear-TestFault }
    It 'has no machine rather than one that is not as asked for' {
        Mock Set-AgentTpm { }
        (Invoke-TestJob -Operation 'vm.create' -Spec @{ name = 'unsealed'; cpus = 1; memory_bytes = 1GB; tpm = $true }).code | Should -BeExactly 'HYPERVISOR_FAILED'
        @((Get-TestData -Operation 'vm.list').items.name) | Should -Not -Contain 'unsealed'
    }
    It 'sets the order to start from' {
        $id = New-TestVm -Name 'ordered'
        $first = (Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 1GB }).id
        $second = (Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 1GB }).id
        foreach ($disk in $second, $first) {
            (Get-TestData -Operation 'vm.update' -Spec @{ vm = $id; boot_order = @($disk) }).changed | Should -Be @('boot_order')
            (Get-TestData -Operation 'disk.get' -Spec @{ vm = $id; disk = $disk }).boot_index | Should -Be 1
        }
        Mock Set-VMFirmware { }
        $result = Invoke-TestJob -Operation 'vm.update' -Spec @{ vm = $id; boot_order = @($second) }
        $result.code | Should -BeExactly 'HYPERVISOR_FAILED'
        $result.data.not_changed[0].field | Should -BeExactly 'boot_order'
    }
    It 'keeps the entries by which an installed system starts, before its disk' {
        $id = New-TestVm -Name 'installed'
        $disk = (Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 1GB }).id
        $null = Get-TestData -Operation 'nic.create' -Spec @{ vm = $id; network = 'lan' }
        $machine = Get-VM -Id $id
        $script:Real = @((Get-VMFirmware -VM $machine).BootOrder)
        $script:File = [pscustomobject]@{ BootType = 'File'; Device = $null; FirmwarePath = '\EFI\debian\shimx64.efi' }
        Mock Get-VMFirmware { [pscustomobject]@{ BootOrder = @($script:File) + $script:Real } }
        function Set-VMFirmware { param($VM, $BootOrder); $null = $VM; $script:Given = $BootOrder }
        $devices = @(Get-AgentDevice -Vm $machine -Note (Read-AgentNote -Text ''))
        Set-AgentBootOrder -Vm $machine -Wanted @($devices | Where-Object { $_.Kind -eq 'nic' }) -Devices $devices
        @($script:Given | ForEach-Object { if ($null -ne $_.PSObject.Properties['BootType'] -and $_.BootType -eq 'File') { 'file' } else { $_.GetType().Name } }) | Should -Be @('VMNetworkAdapter', 'file', 'HardDiskDrive')
        $disk | Should -Not -BeNullOrEmpty
    }
    It 'changes signs without width too' {
        $with = "a$([char]0x200d)$([char]0xad)b"
        $id = New-TestVm -Name 'joined' -More @{ description = 'ab' }
        (Get-TestData -Operation 'vm.update' -Spec @{ vm = $id; description = $with }).changed | Should -Be @('description')
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = $id }).description.Length | Should -Be 4
        (Get-TestData -Operation 'vm.update' -Spec @{ vm = $id; description = [string][char]0x200b }).changed | Should -Be @('description')
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = $id }).description.Length | Should -Be 1
        Test-AgentSameText -Value 'ab' -Other $with | Should -BeFalse
        Test-AgentSameText -Value "a`r`nb" -Other "a`nb" -AnyBreak | Should -BeTrue
    }
    It 'says what became of a field that was taken in part' {
        $id = New-TestVm -Name 'rounded'
        Mock Set-VMProcessor { Edit-TestWorld { param($world) ($world.vms | Where-Object { $_.name -eq 'rounded' }).cpu.count = 3 } }
        $result = Invoke-TestJob -Operation 'vm.update' -Spec @{ vm = $id; cpus = 4 }
        $result.status | Should -BeExactly 'partial'
        $result.data.changes[0].to | Should -Be 3
        $result.data.not_changed[0].field | Should -BeExactly 'cpus'
    }
    It 'renames and deletes no machine that is not renamed, or not gone' {
        $id = New-TestVm -Name 'firm'
        $null = Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 1GB }
        Mock Rename-VM { }
        (Invoke-TestJob -Operation 'vm.rename' -Spec @{ vm = $id; name = 'soft' }).code | Should -BeExactly 'HYPERVISOR_FAILED'
        Mock Remove-VM { }
        (Invoke-TestJob -Operation 'vm.delete' -Spec @{ vm = $id; delete_disks = $true }).code | Should -BeExactly 'HYPERVISOR_FAILED'
        [System.IO.File]::Exists([System.IO.Path]::Combine($script:Rig.Data, 'firm-disk0.vhdx')) | Should -BeTrue
    }
    It 'says that a machine is deleted and its disk is not' {
        $id = New-TestVm -Name 'rest'
        $null = Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 1GB }
        Mock Remove-AgentDiskFile { throw [System.IO.IOException]::new('nein', -2147024891) }
        $result = Invoke-TestJob -Operation 'vm.delete' -Spec @{ vm = $id; delete_disks = $true }
        $result.status | Should -BeExactly 'partial'
        $result.code | Should -BeExactly 'HYPERVISOR_ACCESS_DENIED'
        $result.data.kept_disks | Should -Be @('disk0')
    }
    It 'lists the others when one is deleted meanwhile' {
        Set-TestFault -Cmdlet 'Get-VMNetworkAdapter' -Id 'ObjectNotFound'
        @((Get-TestData -Operation 'vm.list').items.id) | Should -Contain $script:Vm
        @($script:Logs | Where-Object { $_['level'] -eq 'warn' }).Count | Should -Be 1
    }
}

Describe 'Invoke-IsoAttach, Invoke-IsoEject' {
    AfterEach { Clear-TestFault }
    It 'says that an image is in the drive and is not started from, and remembers no order' {
        $id = New-TestVm -Name 'medium'
        $null = Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 1GB }
        Set-TestFault -Cmdlet 'Set-VMFirmware'
        $result = Invoke-TestJob -Operation 'iso.attach' -Spec @{ vm = $id; image = 'install'; boot_once = $true }
        $result.status | Should -BeExactly 'partial'
        $result.data.changed | Should -Be @('image')
        $result.data.not_changed[0].field | Should -BeExactly 'boot_once'
        Clear-TestFault
        (Get-TestData -Operation 'iso.attach' -Spec @{ vm = $id; image = 'install'; boot_once = $true }).changed | Should -Be @('boot_once')
        Set-TestFault -Cmdlet 'Set-VMFirmware'
        $result = Invoke-TestJob -Operation 'iso.eject' -Spec @{ vm = $id }
        $result.status | Should -BeExactly 'partial'
        $result.data.not_changed[0].field | Should -BeExactly 'boot_order'
        Clear-TestFault
        $null = Get-TestData -Operation 'iso.eject' -Spec @{ vm = $id }
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = $id }).boot_order[0] | Should -BeExactly 'disk0'
        $null = Get-TestData -Operation 'iso.attach' -Spec @{ vm = $id; image = 'install' }
        Mock Set-VMDvdDrive { }
        (Invoke-TestJob -Operation 'iso.eject' -Spec @{ vm = $id }).code | Should -BeExactly 'HYPERVISOR_FAILED'
    }
}
