# The faults of the system that this one replaces, as far as a host agent can have them: each test would have caught one.
BeforeAll {
    . (Join-Path $PSScriptRoot 'rig.ps1')
    New-TestRig
}
AfterAll { Remove-TestRig }

Describe 'Faults that are not repeated' {
    It 'deletes by id: of two machines of one name the right one' {
        $one = New-TestVm -Name 'same'
        $two = [string](New-VM -Name 'same' -Generation 2 -MemoryStartupBytes 1GB -Path $script:Rig.Fast -NoVHD).Id
        $null = Get-TestData -Operation 'vm.delete' -Spec @{ vm = $two }
        (Get-TestData -Operation 'vm.list').items.id | Should -Contain $one
        (Get-TestData -Operation 'vm.list').items.id | Should -Not -Contain $two
    }
    It 'lists machines of one name each by itself' {
        $other = [string](New-VM -Name 'same' -Generation 2 -MemoryStartupBytes 1GB -Path $script:Rig.Fast -NoVHD).Id
        @((Get-TestData -Operation 'vm.list').items | Where-Object { $_.name -eq 'same' }).Count | Should -Be 2
        $null = Get-TestData -Operation 'vm.delete' -Spec @{ vm = $other }
    }
    It 'grows a disk that is made from an image to the size that was asked for' {
        $id = New-TestVm -Name 'sized'
        $disk = (Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; image = 'debian'; size_bytes = 9GB }).id
        (Get-TestData -Operation 'disk.get' -Spec @{ vm = $id; disk = $disk }).size_bytes | Should -Be 9GB
    }
    It 'keeps the kind of disk that was asked for when it copies an image' {
        $null = Get-TestData -Operation 'disk.create' -Spec @{ name = 'solid'; image = 'debian'; preallocate = $true }
        (Get-VHD -Path ([System.IO.Path]::Combine($script:Rig.Data, 'solid.vhdx'))).VhdType | Should -Be 'Fixed'
    }
    It 'writes and reads bandwidth in one unit, bits per second' {
        $id = New-TestVm -Name 'band'
        $nic = (Get-TestData -Operation 'nic.create' -Spec @{ vm = $id; network = 'lan'; bandwidth_max_bps = 100000000 }).id
        (Get-TestMachine -Id $id).nics[0].bandwidthMaximum | Should -Be 100000000
        (Get-TestData -Operation 'nic.get' -Spec @{ vm = $id; nic = $nic }).bandwidth_max_bps | Should -Be 100000000
    }
    It 'gives Set-VMFirmware its own names of templates: <Name>' -ForEach @(
        @{ Name = 'microsoft-windows'; Real = 'MicrosoftWindows' }, @{ Name = 'microsoft-uefi-ca'; Real = 'MicrosoftUEFICertificateAuthority' }, @{ Name = 'open-source-shielded-vm'; Real = 'OpenSourceShieldedVM' }
    ) {
        $id = New-TestVm -Name "boot-$Name" -More @{ secure_boot = $true; secure_boot_template = $Name }
        (Get-TestMachine -Id $id).firmware.template | Should -BeExactly $Real
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = $id }).secure_boot_template | Should -BeExactly $Name
    }
    It 'takes the template that a guest of its family starts with: <Family>' -ForEach @(@{ Family = 'linux'; Name = 'microsoft-uefi-ca' }, @{ Family = 'windows'; Name = 'microsoft-windows' }) {
        $id = New-TestVm -Name "family-$Family" -More @{ secure_boot = $true; os_family = $Family }
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = $id }).secure_boot_template | Should -BeExactly $Name
    }
    It 'makes a key protector before the TPM, and the TPM is there' {
        $id = New-TestVm -Name 'sealed' -More @{ tpm = $true }
        (Get-TestMachine -Id $id).security.tpm | Should -BeTrue
        (Get-TestMachine -Id $id).security.protector | Should -Not -BeNullOrEmpty
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = $id }).tpm | Should -BeTrue
    }
    It 'starts from the disk that is attached after the adapter, when that is asked for' {
        $id = New-TestVm -Name 'first'
        $null = Get-TestData -Operation 'nic.create' -Spec @{ vm = $id; network = 'lan' }
        $disk = (Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; image = 'debian' }).id
        $null = Get-TestData -Operation 'vm.update' -Spec @{ vm = $id; boot_order = @($disk) }
        (Get-TestData -Operation 'disk.get' -Spec @{ vm = $id; disk = $disk }).boot_index | Should -Be 1
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = $id }).boot_order | Should -Be @('disk0', 'nic0')
    }
    It 'does not call a change a success that did not come about' {
        $id = New-TestVm -Name 'ignored'
        Mock Set-VMProcessor { }
        $result = Invoke-TestJob -Operation 'vm.update' -Spec @{ vm = $id; cpus = 4; description = 'new' }
        $result.status | Should -BeExactly 'partial'
        $result.data.not_changed[0].field | Should -BeExactly 'cpus'
        $result.data.not_changed[0].code | Should -BeExactly 'HYPERVISOR_FAILED'
        Mock Resize-VHD { }
        $disk = (Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 1GB }).id
        (Invoke-TestJob -Operation 'disk.resize' -Spec @{ vm = $id; disk = $disk; size_bytes = 2GB }).code | Should -BeExactly 'HYPERVISOR_FAILED'
    }
    It 'says IDE only where there is IDE, and a machine of generation 1 starts from it' {
        $new = New-TestVm -Name 'gen2'
        (Invoke-TestJob -Operation 'disk.create' -Spec @{ vm = $new; size_bytes = 1GB; bus = 'ide' }).code | Should -BeExactly 'HYPERVISOR_UNSUPPORTED'
        $old = New-TestVm -Name 'gen1' -More @{ firmware = 'bios' }
        $null = Get-TestData -Operation 'disk.create' -Spec @{ vm = $old; size_bytes = 1GB }
        $null = Get-TestData -Operation 'nic.create' -Spec @{ vm = $old; network = 'lan'; model = 'legacy' }
        $null = Get-TestData -Operation 'iso.attach' -Spec @{ vm = $old; image = 'install' }
        $view = Get-TestData -Operation 'vm.get' -Spec @{ vm = $old }
        $view.firmware | Should -BeExactly 'bios'
        ($view.disks | Where-Object { $_.kind -eq 'disk' }).bus | Should -BeExactly 'ide'
        $view.boot_order | Should -Be @('cdrom', 'disk0', 'nic0')
        (Get-TestData -Operation 'vm.update' -Spec @{ vm = $old; boot_order = @('disk0') }).changed | Should -Be @('boot_order')
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = $old }).boot_order | Should -Be @('disk0', 'cdrom', 'nic0')
    }
    It 'never guesses the family of the guest' {
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = (New-TestVm -Name 'windows-server') }).os_family | Should -BeNullOrEmpty
    }
    It 'finds no machine by a name that is a wildcard' {
        (Invoke-TestJob -Operation 'vm.delete' -Spec @{ vm = '*' }).code | Should -BeExactly 'SPEC_INVALID'
    }
}

Describe 'Hostile texts' {
    BeforeDiscovery {
        $texts = @(
            @{ Name = 'quotes'; Text = "'`"''`"`"" }, @{ Name = 'a subexpression'; Text = '$(New-Item -Path "$env:TEMP/farhand-pwned")' }, @{ Name = 'backticks'; Text = 'a`nb`$x`0' }, @{ Name = 'lines'; Text = "a`r`nb`n`n; exit 1" }
            @{ Name = 'signs'; Text = "$([char]0xe4)$([char]0x4e2d)$([char]::ConvertFromUtf32(0x1f600))$([char]0x202e)" }, @{ Name = '4,000 characters'; Text = 'x$(y)' * 800 }, @{ Name = 'an object'; Text = '{"$result":0,"path":"id"}' }
            @{ Name = 'a date'; Text = '2024-01-01T00:00:00Z' }, @{ Name = 'XML'; Text = '<VALUE>&amp;]]></VALUE>' }, @{ Name = 'a parameter'; Text = '-Force' }
        )
    }
    It '<Name> come back unchanged and start nothing' -ForEach $texts {
        $id = New-TestVm -Name 'hostile' -More @{ description = $Text; tags = @(, $Text.Substring(0, [Math]::Min(60, $Text.Length))) }
        $null = Get-TestData -Operation 'snapshot.create' -Spec @{ vm = $id; name = 'one'; description = $Text }
        $view = Get-TestData -Operation 'vm.get' -Spec @{ vm = $id }
        $view.description | Should -BeExactly $Text
        $view.tags[0] | Should -BeExactly $Text.Substring(0, [Math]::Min(60, $Text.Length))
        (Get-TestData -Operation 'snapshot.list' -Spec @{ vm = $id }).items[0].description | Should -BeExactly $Text
        $null = Get-TestData -Operation 'vm.update' -Spec @{ vm = $id; description = 'another' }
        $null = Get-TestData -Operation 'vm.update' -Spec @{ vm = $id; description = $Text + $Text.Substring(0, [Math]::Min($Text.Length, 4000 - $Text.Length)) }
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = $id }).description | Should -BeExactly ($Text + $Text.Substring(0, [Math]::Min($Text.Length, 4000 - $Text.Length)))
        $null = Get-TestData -Operation 'vm.delete' -Spec @{ vm = $id }
        [System.IO.File]::Exists([System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), 'farhand-pwned')) | Should -BeFalse
    }
    It '<Name> are no names: refused, and nothing is changed' -ForEach $texts {
        $id = New-TestVm -Name 'target'
        $before = ConvertTo-Json (Get-TestMachine -Id $id) -Depth 20
        foreach ($job in @(
                @('vm.create', @{ name = $Text; cpus = 1; memory_bytes = 1GB }), @('vm.rename', @{ vm = $id; name = $Text }), @('disk.create', @{ vm = $id; name = $Text; size_bytes = 1GB }), @('disk.create', @{ vm = $id; size_bytes = 1GB; image = $Text })
                @('disk.create', @{ vm = $id; size_bytes = 1GB; storage_class = $Text }), @('nic.create', @{ vm = $id; network = $Text }), @('nic.create', @{ vm = $id; network = 'lan'; mac = $Text }), @('nic.create', @{ vm = $id; network = 'lan'; name = $Text })
                @('snapshot.create', @{ vm = $id; name = $Text }), @('snapshot.revert', @{ vm = $id; snapshot = $Text }), @('iso.attach', @{ vm = $id; image = $Text }), @('vm.export', @{ vm = $id; folder = $Text })
                @('vm.get', @{ vm = $Text }), @('disk.get', @{ disk = $Text }), @('nic.get', @{ vm = $id; nic = $Text }), @('vm.update', @{ vm = $id; boot_order = @(, $Text) }))) {
            $result = Invoke-TestJob -Operation $job[0] -Spec $job[1]
            $result.status | Should -BeExactly 'error' -Because $job[0]
            $result.code | Should -Match '\A(SPEC_INVALID|VM_CONFIG_INVALID|[A-Z]+_NOT_FOUND)\z' -Because $job[0]
        }
        ConvertTo-Json (Get-TestMachine -Id $id) -Depth 20 | Should -BeExactly $before
        @([System.IO.Directory]::GetFiles($script:Rig.Data, 'target-*')).Count | Should -Be 0
        $null = Get-TestData -Operation 'vm.delete' -Spec @{ vm = $id }
    }
}
