# Machines: made, read, changed, renamed, deleted; their notes.
BeforeAll {
    . (Join-Path $PSScriptRoot 'rig.ps1')
    New-TestRig
}
AfterAll { Remove-TestRig }

Describe 'Read-AgentNote, Format-AgentNote' {
    It 'brings back any description: <Name>' -ForEach @(
        @{ Name = 'none'; Text = '' }, @{ Name = 'text'; Text = 'a b' }, @{ Name = 'lines'; Text = "a`nb`r`n`nc`n" }, @{ Name = 'a marker'; Text = "x`n---- farhand ----`n{`"tags`":[`"no`"]}" }
        @{ Name = 'code'; Text = 'a"b''c$(whoami)`n`${env:PATH}; Remove-Item *' }, @{ Name = 'signs'; Text = "$([char]0xe4)$([char]::ConvertFromUtf32(0x1f600))" }, @{ Name = 'a date'; Text = '2024-01-01T00:00:00Z' }
    ) {
        $note = Read-AgentNote -Text ''
        $note.Description = $Text
        $note.tags = @('one')
        $note.deletion_protection = $true
        $note.disks = @{ 'disk-1' = 'disk0' }
        $back = Read-AgentNote -Text (Format-AgentNote -Note $note)
        $back.Description | Should -BeExactly $Text
        $back.tags | Should -Be @('one')
        $back.deletion_protection | Should -BeTrue
        $back.disks['disk-1'] | Should -BeExactly 'disk0'
    }
    It 'stays protected when somebody writes below on the host, and shows what they wrote' {
        $note = Read-AgentNote -Text ''
        $note.Description = 'mine'
        $note.deletion_protection = $true
        $back = Read-AgentNote -Text ((Format-AgentNote -Note $note) + "`r`nby hand`r`n")
        $back.deletion_protection | Should -BeTrue
        $back.Description | Should -Match '\Amine\s+by hand\z'
    }
    It 'takes notes of others as a description' { (Read-AgentNote -Text 'made by hand').Description | Should -BeExactly 'made by hand' }
    It 'passes over what is not as it should be: <Json>' -ForEach @(@{ Json = '{"tags":"x","os_family":"dos","disks":[1],"deletion_protection":"yes"}' }, @{ Json = '{"tags":[1,{}]}' }, @{ Json = '{broken}' }) {
        $note = Read-AgentNote -Text "text`n---- farhand ----`n$Json"
        $note.tags | Should -BeNullOrEmpty
        $note.os_family | Should -BeNullOrEmpty
        $note.deletion_protection | Should -BeFalse
        $note.disks.Count | Should -Be 0
    }
}

Describe 'Invoke-VmCreate, Invoke-VmGet, Get-AgentVmView, Assert-AgentHardware, Resolve-AgentHardware, Set-AgentHardware, Get-AgentHardwareGroup' {
    It 'reads back every field that was asked for' {
        $asked = [ordered]@{
            name = 'full'; cpus = 4; memory_bytes = 2GB; memory_min_bytes = 1GB; memory_max_bytes = 4GB; memory_buffer_percent = 30; firmware = 'uefi'; os_family = 'linux'; storage_class = 'fast'
            description = "line`nline"; tags = @('one'); secure_boot = $true; secure_boot_template = 'microsoft-uefi-ca'; tpm = $true; nested = $true; autostart = $true; autostart_condition = 'if-running'
            autostart_delay_ms = 5000; stop_action = 'save'; deletion_protection = $true
        }
        $made = Get-TestData -Operation 'vm.create' -Spec $asked
        $made.planned | Should -BeFalse
        $made.name | Should -BeExactly 'full'
        $view = Get-TestData -Operation 'vm.get' -Spec @{ vm = $made.id }
        foreach ($field in $asked.Keys) { ConvertTo-Json $view.$field | Should -BeExactly (ConvertTo-Json $asked[$field]) -Because $field }
        $view.nics.Count | Should -Be 0
        $view.disks.Count | Should -Be 0
        (Get-TestMachine -Id $made.id).path | Should -BeLike "$($script:Rig.Fast)*"
        (Get-TestMachine -Id $made.id).settings.automatic | Should -BeFalse
    }
    It 'is as little as asked for without the rest' {
        $view = Get-TestData -Operation 'vm.get' -Spec @{ vm = (New-TestVm -Name 'plain') }
        $view.secure_boot | Should -BeFalse
        $view.autostart | Should -BeFalse
        $view.memory_min_bytes | Should -BeNullOrEmpty
        $view.tpm | Should -BeFalse
        $view.stop_action | Should -BeExactly 'shutdown'
    }
    It 'refuses <Code> at <Pointer>' -ForEach @(
        @{ More = @{ name = 'plain' }; Code = 'VM_EXISTS'; Pointer = '/name' }, @{ More = @{ name = 'PLAIN' }; Code = 'VM_EXISTS'; Pointer = '/name' }, @{ More = @{ name = 'a*' }; Code = 'SPEC_INVALID'; Pointer = '/name' }
        @{ More = @{ storage_class = 'none' }; Code = 'STORAGE_NOT_FOUND'; Pointer = '/storage_class' }, @{ More = @{ cpus = 64 }; Code = 'HOST_CPUS_SHORT'; Pointer = '/cpus' }
        @{ More = @{ memory_bytes = 65GB }; Code = 'HOST_MEMORY_SHORT'; Pointer = '/memory_bytes' }, @{ More = @{ cpu_topology = @{ sockets = 1; cores = 2; threads = 1 } }; Code = 'HYPERVISOR_UNSUPPORTED'; Pointer = '/cpu_topology' }
        @{ More = @{ firmware = 'bios'; tpm = $true }; Code = 'VM_CONFIG_INVALID'; Pointer = '/tpm' }, @{ More = @{ memory_buffer_percent = 20 }; Code = 'VM_CONFIG_INVALID'; Pointer = '/memory_buffer_percent' }
        @{ More = @{ autostart = $true; autostart_delay_ms = 1500 }; Code = 'VM_CONFIG_INVALID'; Pointer = '/autostart_delay_ms' }, @{ More = @{ disks = @(@{ size_bytes = 1GB }) }; Code = 'SPEC_INVALID'; Pointer = '/disks' }
        @{ More = @{ start = $true }; Code = 'SPEC_INVALID'; Pointer = '/start' }
    ) {
        $spec = @{ name = 'refused'; cpus = 1; memory_bytes = 1GB }
        foreach ($key in $More.Keys) { $spec[$key] = $More[$key] }
        $result = Invoke-TestJob -Operation 'vm.create' -Spec $spec
        $result.code | Should -BeExactly $Code
        $result.data.errors[0].pointer | Should -BeExactly $Pointer
    }
    It 'leaves nothing when <Cmdlet> fails on the way' -ForEach @(@{ Cmdlet = 'Set-VMProcessor' }, @{ Cmdlet = 'Set-VMFirmware' }, @{ Cmdlet = 'Set-VM' }) {
        Edit-TestWorld { param($world) $world.faults = @([pscustomobject]@{ cmdlet = $Cmdlet; id = 'OperationFailed'; message = 'nein' }) }
        (Invoke-TestJob -Operation 'vm.create' -Spec @{ name = 'broken'; cpus = 1; memory_bytes = 1GB; secure_boot = $true }).code | Should -BeExactly 'HYPERVISOR_FAILED'
        @((Get-TestData -Operation 'vm.list').items.name) | Should -Not -Contain 'broken'
        [System.IO.Directory]::Exists([System.IO.Path]::Combine($script:Rig.Data, 'broken')) | Should -BeFalse
    }
}

Describe 'Invoke-VmList, Get-AgentVmSummary' {
    It 'lists by state and tag' {
        $id = New-TestVm -Name 'tagged' -More @{ tags = @('blue') }
        (Get-TestData -Operation 'vm.list' -Spec @{ tag = 'blue' }).items.id | Should -Be @($id)
        (Get-TestData -Operation 'vm.list' -Spec @{ state = 'running' }).items.GetType().IsArray | Should -BeTrue
        @((Get-TestData -Operation 'vm.list' -Spec @{ state = 'running' }).items).Count | Should -Be 0
    }
    It 'shows addresses of a running guest' {
        $id = New-TestVm -Name 'addressed'
        $null = Get-TestData -Operation 'nic.create' -Spec @{ vm = $id; network = 'lan' }
        Edit-TestWorld { param($world) ($world.vms | Where-Object { $_.id -eq $id }).guest.addresses = @('192.0.2.7', 'fe80::1') }
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $id }
        ((Get-TestData -Operation 'vm.list').items | Where-Object { $_.id -eq $id }).addresses | Should -Contain '192.0.2.7'
    }
}

Describe 'Get-AgentVm, ConvertTo-AgentId' {
    It 'takes no name: <Word>' -ForEach @(@{ Word = 'plain' }, @{ Word = '*' }, @{ Word = '' }, @{ Word = '{00000000-0000-4000-8000-000000000000}' }) {
        (Invoke-TestJob -Operation 'vm.get' -Spec @{ vm = $Word }).code | Should -BeExactly 'SPEC_INVALID'
    }
    It 'says that it may not, and not that there is nothing' {
        Edit-TestWorld { param($world) $world.host.access = 'none' }
        (Invoke-TestJob -Operation 'vm.get' -Spec @{ vm = [guid]::NewGuid().ToString() }).code | Should -BeExactly 'HYPERVISOR_ACCESS_DENIED'
        Edit-TestWorld { param($world) $world.host.access = 'administrators' }
    }
}

Describe 'Invoke-VmUpdate, Test-AgentMemoryNeedsOff, Set-AgentMemory, Set-AgentTpm, Get-AgentSecurity, Get-AgentTemplateName' {
    BeforeAll { $script:Id = New-TestVm -Name 'changing' }
    It 'changes while it is off: <Field>' -ForEach @(
        @{ Field = 'cpus'; Value = 3 }, @{ Field = 'memory_bytes'; Value = 2GB }, @{ Field = 'memory_min_bytes'; Value = 1GB }, @{ Field = 'memory_max_bytes'; Value = 8GB }, @{ Field = 'memory_buffer_percent'; Value = 50 }
        @{ Field = 'memory_max_bytes'; Value = $null }, @{ Field = 'memory_min_bytes'; Value = $null }, @{ Field = 'secure_boot'; Value = $true }, @{ Field = 'secure_boot_template'; Value = 'microsoft-uefi-ca' }
        @{ Field = 'tpm'; Value = $true }, @{ Field = 'nested'; Value = $true }, @{ Field = 'autostart'; Value = $true }, @{ Field = 'autostart_condition'; Value = 'if-running' }, @{ Field = 'autostart_delay_ms'; Value = 7000 }
        @{ Field = 'stop_action'; Value = 'turn-off' }, @{ Field = 'description'; Value = 'new' }, @{ Field = 'tags'; Value = @('x', 'y') }, @{ Field = 'os_family'; Value = 'windows' }, @{ Field = 'deletion_protection'; Value = $true }
        @{ Field = 'deletion_protection'; Value = $false }, @{ Field = 'tpm'; Value = $false }, @{ Field = 'secure_boot'; Value = $false }
    ) {
        $data = Get-TestData -Operation 'vm.update' -Spec @{ vm = $script:Id; $Field = $Value }
        $data.changed | Should -Contain $Field
        ConvertTo-Json (Get-TestData -Operation 'vm.get' -Spec @{ vm = $script:Id }).$Field | Should -BeExactly (ConvertTo-Json $Value)
        (Get-TestData -Operation 'vm.update' -Spec @{ vm = $script:Id; $Field = $Value }).changed | Should -BeNullOrEmpty
    }
    It 'refuses what needs it off before anything is changed' {
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Id }
        $result = Invoke-TestJob -Operation 'vm.update' -Spec @{ vm = $script:Id; cpus = 7; description = 'not this' }
        $result.code | Should -BeExactly 'VM_STATE_INVALID'
        $result.data.errors.pointer | Should -Be @('/cpus')
        (Get-TestData -Operation 'vm.get' -Spec @{ vm = $script:Id }).description | Should -BeExactly 'new'
    }
    It 'changes the rest and says what it left, when part is wanted' {
        $result = Invoke-TestJob -Operation 'vm.update' -Spec @{ vm = $script:Id; cpus = 7; description = 'this'; partial = $true }
        $result.status | Should -BeExactly 'partial'
        $result.data.changed | Should -Be @('description')
        $result.data.not_changed.field | Should -Be @('cpus')
        $result.data.not_changed[0].code | Should -BeExactly 'VM_STATE_INVALID'
    }
    It 'changes static memory while it runs' {
        (Get-TestData -Operation 'vm.update' -Spec @{ vm = $script:Id; memory_bytes = 3GB }).changed | Should -Be @('memory_bytes')
        (Invoke-TestJob -Operation 'vm.update' -Spec @{ vm = $script:Id; memory_max_bytes = 4GB }).code | Should -BeExactly 'VM_STATE_INVALID'
    }
    It 'changes dynamic memory outwards while it runs, and not inwards' {
        $null = Get-TestData -Operation 'vm.stop' -Spec @{ vm = $script:Id }
        $null = Get-TestData -Operation 'vm.update' -Spec @{ vm = $script:Id; memory_min_bytes = 2GB; memory_max_bytes = 4GB }
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Id }
        $data = Get-TestData -Operation 'vm.update' -Spec @{ vm = $script:Id; memory_min_bytes = 1GB; memory_max_bytes = 6GB }
        $data.changed | Should -Be @('memory_min_bytes', 'memory_max_bytes')
        (Invoke-TestJob -Operation 'vm.update' -Spec @{ vm = $script:Id; memory_max_bytes = 5GB }).code | Should -BeExactly 'VM_STATE_INVALID'
        $null = Get-TestData -Operation 'vm.stop' -Spec @{ vm = $script:Id }
    }
    It 'says which fields an error left' {
        Edit-TestWorld { param($world) $world.faults = @([pscustomobject]@{ cmdlet = 'Set-VMProcessor'; id = 'InvalidParameter'; message = 'nein' }) }
        $result = Invoke-TestJob -Operation 'vm.update' -Spec @{ vm = $script:Id; cpus = 5; description = 'done' }
        $result.status | Should -BeExactly 'partial'
        $result.data.changed | Should -Be @('description')
        $result.data.not_changed[0].field | Should -BeExactly 'cpus'
        $result.data.not_changed[0].code | Should -BeExactly 'VM_CONFIG_INVALID'
    }
    It 'refuses <Name>' -ForEach @(
        @{ Name = 'a minimum above the start'; Spec = @{ memory_min_bytes = 64GB }; Code = 'VM_CONFIG_INVALID' }, @{ Name = 'a device that is not there'; Spec = @{ boot_order = @('disk9') }; Code = 'VM_CONFIG_INVALID' }
        @{ Name = 'a template without secure boot'; Spec = @{ secure_boot_template = 'microsoft-windows' }; Code = 'VM_CONFIG_INVALID' }, @{ Name = 'a topology'; Spec = @{ cpu_topology = @{ sockets = 1; cores = 1; threads = 1 } }; Code = 'HYPERVISOR_UNSUPPORTED' }
    ) {
        $whole = @{ vm = $script:Id }
        foreach ($key in $Spec.Keys) { $whole[$key] = $Spec[$key] }
        (Invoke-TestJob -Operation 'vm.update' -Spec $whole).code | Should -BeExactly $Code
    }
}

Describe 'Set-AgentBootOrder, Get-AgentBootOrder, Resolve-AgentBootOrder, Get-AgentBootIndex, Find-AgentDevice, Get-AgentDevice' {
    It 'starts from the devices as asked, the others after them' {
        $id = New-TestVm -Name 'booting'
        $null = Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 1GB }
        $nic = (Get-TestData -Operation 'nic.create' -Spec @{ vm = $id; network = 'lan' }).id
        $null = Get-TestData -Operation 'iso.attach' -Spec @{ vm = $id; image = 'install' }
        (Get-TestData -Operation 'vm.update' -Spec @{ vm = $id; boot_order = @('cdrom', $nic) }).changed | Should -Be @('boot_order')
        $view = Get-TestData -Operation 'vm.get' -Spec @{ vm = $id }
        $view.boot_order | Should -Be @('cdrom', 'nic0', 'disk0')
        ($view.disks | Where-Object { $_.kind -eq 'disk' }).boot_index | Should -Be 3
    }
}

Describe 'Invoke-VmRename, Assert-AgentVmName' {
    It 'renames, and not to a name that is taken' {
        $id = New-TestVm -Name 'before'
        (Get-TestData -Operation 'vm.rename' -Spec @{ vm = $id; name = 'after' }).changed | Should -Be @('name')
        (Get-TestData -Operation 'vm.rename' -Spec @{ vm = $id; name = 'after' }).changed | Should -BeNullOrEmpty
        (Get-TestData -Operation 'vm.rename' -Spec @{ vm = $id; name = 'After' }).changed | Should -Be @('name')
        (Invoke-TestJob -Operation 'vm.rename' -Spec @{ vm = $id; name = 'plain' }).code | Should -BeExactly 'VM_EXISTS'
    }
}

Describe 'Invoke-VmDelete, Wait-AgentMerge, Remove-AgentEmptyFolder' {
    It 'deletes with disks and checkpoints, and leaves no file' {
        $id = New-TestVm -Name 'going'
        $null = Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 1GB }
        $null = Get-TestData -Operation 'snapshot.create' -Spec @{ vm = $id; name = 'one' }
        Edit-TestWorld { param($world) $world.timing.mergeMs = 300 }
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $id }
        $data = Get-TestData -Operation 'vm.delete' -Spec @{ vm = $id; delete_disks = $true; force = $true }
        Edit-TestWorld { param($world) $world.timing.mergeMs = 0 }
        $data.deleted_disks | Should -Be @('disk0')
        $data.kept_disks.GetType().IsArray | Should -BeTrue
        @([System.IO.Directory]::GetFiles($script:Rig.Data, 'going*', 'AllDirectories')).Count | Should -Be 0
        [System.IO.Directory]::Exists([System.IO.Path]::Combine($script:Rig.Data, 'going')) | Should -BeFalse
    }
    It 'keeps disks unless asked, and those of others' {
        $id = New-TestVm -Name 'keeping'
        $null = Get-TestData -Operation 'disk.create' -Spec @{ vm = $id; size_bytes = 1GB }
        (Get-TestData -Operation 'vm.delete' -Spec @{ vm = $id }).kept_disks | Should -Be @('disk0')
        [System.IO.File]::Exists([System.IO.Path]::Combine($script:Rig.Data, 'keeping-disk0.vhdx')) | Should -BeTrue
    }
    It 'keeps a disk outside of the storage classes' {
        $id = New-TestVm -Name 'outsider'
        $path = [System.IO.Path]::Combine($script:Rig.Folder, 'outside', 'data.vhdx')
        $null = New-VHD -Path $path -SizeBytes 1GB -Dynamic
        Add-VMHardDiskDrive -VM (Get-VM -Id $id) -Path $path
        $disk = (Get-TestData -Operation 'vm.get' -Spec @{ vm = $id }).disks[0]
        $disk.storage_class | Should -BeNullOrEmpty
        (Invoke-TestJob -Operation 'disk.delete' -Spec @{ vm = $id; disk = $disk.id }).code | Should -BeExactly 'STORAGE_OUTSIDE'
        (Get-TestData -Operation 'vm.delete' -Spec @{ vm = $id; delete_disks = $true }).deleted_disks | Should -BeNullOrEmpty
        [System.IO.File]::Exists($path) | Should -BeTrue
    }
    It 'refuses a running and a protected one' {
        $id = New-TestVm -Name 'safe' -More @{ deletion_protection = $true }
        (Invoke-TestJob -Operation 'vm.delete' -Spec @{ vm = $id; force = $true }).code | Should -BeExactly 'VM_PROTECTED'
        $null = Get-TestData -Operation 'vm.update' -Spec @{ vm = $id; deletion_protection = $false }
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $id }
        (Invoke-TestJob -Operation 'vm.delete' -Spec @{ vm = $id }).code | Should -BeExactly 'VM_STATE_INVALID'
    }
}

Describe 'New-AgentChange, New-AgentChanged, ConvertTo-AgentTime, ConvertTo-AgentMac, Update-AgentNote' {
    It 'is an error when nothing was changed, and partial when something was' {
        $left = @([ordered]@{ field = 'b'; code = 'VM_BUSY'; message = 'm' })
        (New-AgentChanged -Id 'x' -Changes @() -NotChanged $left -Message 'm').Status | Should -BeExactly 'error'
        $result = New-AgentChanged -Id 'x' -Changes @(New-AgentChange -Field 'a' -From $null -To 1) -NotChanged $left -Message 'm'
        $result.Status | Should -BeExactly 'partial'
        $result.Code | Should -BeExactly 'VM_BUSY'
        $result.Data['changed'] | Should -Be @('a')
    }
    It 'writes addresses and times as the contract does' {
        ConvertTo-AgentMac -Mac '00155D0A0B0C' | Should -BeExactly '00:15:5d:0a:0b:0c'
        ConvertTo-AgentTime -Time ([datetime]::new(2024, 1, 2, 3, 4, 5, [System.DateTimeKind]::Utc)) | Should -BeExactly '2024-01-02T03:04:05.000Z'
        ConvertTo-AgentTime -Time $null | Should -BeNullOrEmpty
    }
}
