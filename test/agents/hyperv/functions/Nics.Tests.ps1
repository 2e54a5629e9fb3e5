# Network adapters and networks.
BeforeAll {
    . (Join-Path $PSScriptRoot 'rig.ps1')
    New-TestRig
    $script:Vm = New-TestVm -Name 'web'
    function Get-TestNic { (Get-TestData -Operation 'nic.get' -Spec @{ vm = $script:Vm; nic = $script:Nic }) }
}
AfterAll { Remove-TestRig }

Describe 'Invoke-NicCreate, Set-AgentNic, Get-AgentNicView, Get-AgentNicId, Invoke-NicGet, Invoke-NicList, Get-AgentNic, Find-AgentNetwork, Resolve-AgentNetwork' {
    It 'reads back every field that was asked for' {
        $asked = [ordered]@{
            network = 'office'; name = 'front'; mac = '02:00:00:00:00:01'; model = 'paravirtual'; mac_spoofing_guard = $false; dhcp_guard = $true; router_guard = $true
            bandwidth_min_bps = 10000000; bandwidth_max_bps = 100000000; connected = $true
        }
        $spec = [ordered]@{ vm = $script:Vm }
        foreach ($key in $asked.Keys) { $spec[$key] = $asked[$key] }
        $script:Nic = (Get-TestData -Operation 'nic.create' -Spec $spec).id
        $nic = Get-TestNic
        foreach ($field in $asked.Keys) { ConvertTo-Json $nic.$field | Should -BeExactly (ConvertTo-Json $asked[$field]) -Because $field }
        $nic.vlan | Should -Be 20
        @((Get-TestData -Operation 'nic.list' -Spec @{ vm = $script:Vm }).items).Count | Should -Be 1
    }
    It 'refuses <Code>' -ForEach @(
        @{ Spec = @{ network = 'none' }; Code = 'NETWORK_NOT_FOUND' }, @{ Spec = @{ network = 'gone' }; Code = 'NETWORK_UNAVAILABLE' }, @{ Spec = @{ network = 'lan'; name = 'front' }; Code = 'VM_CONFIG_INVALID' }
        @{ Spec = @{ network = 'lan'; mac = '02:00:00:00:00:01' }; Code = 'MAC_IN_USE' }, @{ Spec = @{ network = 'lan'; model = 'e1000' }; Code = 'HYPERVISOR_UNSUPPORTED' }, @{ Spec = @{ network = 'lan'; model = 'legacy' }; Code = 'HYPERVISOR_UNSUPPORTED' }
    ) {
        $whole = @{ vm = $script:Vm }
        foreach ($key in $Spec.Keys) { $whole[$key] = $Spec[$key] }
        (Invoke-TestJob -Operation 'nic.create' -Spec $whole).code | Should -BeExactly $Code
        @((Get-TestData -Operation 'nic.list' -Spec @{ vm = $script:Vm }).items).Count | Should -Be 1
    }
    It 'leaves no adapter when a setting fails' {
        Edit-TestWorld { param($world) $world.faults = @([pscustomobject]@{ cmdlet = 'Set-VMNetworkAdapter'; id = 'InvalidParameter'; message = 'nein' }) }
        (Invoke-TestJob -Operation 'nic.create' -Spec @{ vm = $script:Vm; network = 'lan'; dhcp_guard = $true }).code | Should -BeExactly 'VM_CONFIG_INVALID'
        @((Get-TestData -Operation 'nic.list' -Spec @{ vm = $script:Vm }).items).Count | Should -Be 1
    }
}

Describe 'Invoke-NicUpdate, Update-AgentNic, Assert-AgentNicSpec, Assert-AgentMac' {
    It 'changes <Field>' -ForEach @(
        @{ Field = 'network'; Value = 'inner' }, @{ Field = 'vlan'; Value = 30 }, @{ Field = 'vlan_trunk'; Value = @{ native = 5; allowed = @(5, 6) } }, @{ Field = 'mac'; Value = '02:00:00:00:00:0b' }, @{ Field = 'name'; Value = 'back' }
        @{ Field = 'mac_spoofing_guard'; Value = $true }, @{ Field = 'dhcp_guard'; Value = $false }, @{ Field = 'router_guard'; Value = $false }, @{ Field = 'bandwidth_max_bps'; Value = 0 }, @{ Field = 'bandwidth_min_bps'; Value = 0 }
        @{ Field = 'connected'; Value = $false }, @{ Field = 'connected'; Value = $true }
    ) {
        (Get-TestData -Operation 'nic.update' -Spec @{ vm = $script:Vm; nic = $script:Nic; $Field = $Value }).changed | Should -Contain $Field
        $is = (Get-TestNic).$Field
        if ($Field -eq 'vlan_trunk') { $is.allowed | Should -Be @(5, 6); $is.native | Should -Be 5 } else { $is | Should -BeExactly $Value }
        (Get-TestData -Operation 'nic.update' -Spec @{ vm = $script:Vm; nic = $script:Nic; $Field = $Value }).changed | Should -BeNullOrEmpty
    }
    It 'remembers its network while the cable is out' {
        $null = Get-TestData -Operation 'nic.update' -Spec @{ vm = $script:Vm; nic = $script:Nic; connected = $false }
        (Get-TestNic).network | Should -BeExactly 'inner'
        $null = Get-TestData -Operation 'nic.update' -Spec @{ vm = $script:Vm; nic = $script:Nic; connected = $true }
        (Get-TestNic).network | Should -BeExactly 'inner'
    }
    It 'refuses another address while it runs, before anything is changed' {
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm }
        $result = Invoke-TestJob -Operation 'nic.update' -Spec @{ vm = $script:Vm; nic = $script:Nic; mac = '02:00:00:00:00:0c'; dhcp_guard = $true }
        $result.code | Should -BeExactly 'VM_STATE_INVALID'
        (Get-TestNic).dhcp_guard | Should -BeFalse
        (Get-TestData -Operation 'nic.update' -Spec @{ vm = $script:Vm; nic = $script:Nic; dhcp_guard = $true }).changed | Should -Be @('dhcp_guard')
        $null = Get-TestData -Operation 'vm.stop' -Spec @{ vm = $script:Vm }
    }
    It 'says which fields an error left' {
        Edit-TestWorld { param($world) $world.faults = @([pscustomobject]@{ cmdlet = 'Rename-VMNetworkAdapter'; id = 'OperationFailed'; message = 'nein' }) }
        $result = Invoke-TestJob -Operation 'nic.update' -Spec @{ vm = $script:Vm; nic = $script:Nic; name = 'third'; router_guard = $true }
        $result.status | Should -BeExactly 'partial'
        $result.data.changed | Should -Be @('router_guard')
        $result.data.not_changed[0].field | Should -BeExactly 'name'
    }
    It 'refuses <Code>' -ForEach @(
        @{ Spec = @{ model = 'legacy' }; Code = 'HYPERVISOR_UNSUPPORTED' }, @{ Spec = @{ network = 'gone' }; Code = 'NETWORK_UNAVAILABLE' }, @{ Spec = @{ nic = 'nic-none' }; Code = 'NIC_NOT_FOUND' }
    ) {
        $whole = @{ vm = $script:Vm; nic = $script:Nic }
        foreach ($key in $Spec.Keys) { $whole[$key] = $Spec[$key] }
        (Invoke-TestJob -Operation 'nic.update' -Spec $whole).code | Should -BeExactly $Code
    }
}

Describe 'Invoke-NicDetach, Invoke-NicAttach, Invoke-NicDelete' {
    It 'goes off its network and onto another' {
        (Get-TestData -Operation 'nic.detach' -Spec @{ vm = $script:Vm; nic = $script:Nic }).changed | Should -Be @('network')
        (Get-TestNic).network | Should -BeNullOrEmpty
        (Get-TestData -Operation 'nic.detach' -Spec @{ vm = $script:Vm; nic = $script:Nic }).changed | Should -BeNullOrEmpty
        $null = Get-TestData -Operation 'nic.attach' -Spec @{ vm = $script:Vm; nic = $script:Nic; network = 'office' }
        (Get-TestNic).network | Should -BeExactly 'office'
        (Get-TestNic).vlan | Should -Be 20
    }
    It 'is removed' {
        $null = Get-TestData -Operation 'nic.delete' -Spec @{ vm = $script:Vm; nic = $script:Nic }
        (Invoke-TestJob -Operation 'nic.get' -Spec @{ vm = $script:Vm; nic = $script:Nic }).code | Should -BeExactly 'NIC_NOT_FOUND'
    }
}

Describe 'Invoke-NetworkList' {
    It 'says which switches are there' {
        $items = (Get-TestData -Operation 'network.list').items
        ($items | Where-Object { $_.name -eq 'lan' }).available | Should -BeTrue
        ($items | Where-Object { $_.name -eq 'gone' }).available | Should -BeFalse
        ($items | Where-Object { $_.name -eq 'office' }).vlan | Should -Be 20
    }
}
