# What a guest shows, gets and says: screenshot, keys, data exchange, statistics; the self-test.
BeforeAll {
    . (Join-Path $PSScriptRoot 'rig.ps1')
    New-TestRig
    $script:Vm = New-TestVm -Name 'web'
    $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm }
}
AfterAll { Remove-TestRig }

Describe 'Invoke-VmScreenshot, Get-AgentCimVm, Get-AgentCimService, Invoke-AgentCimMethod' {
    It 'gives the pixels of the size that it says' {
        $data = Get-TestData -Operation 'vm.screenshot' -Spec @{ vm = $script:Vm; max_width = 320 }
        $data.width | Should -BeLessOrEqual 320
        [System.Convert]::FromBase64String($data.rgb565_base64).Length | Should -Be ($data.width * $data.height * 2)
    }
    It 'throws a return value by its code, and waits for a job' {
        $service = Get-AgentCimService
        Mock Invoke-CimMethod { [pscustomobject]@{ ReturnValue = [uint32]32778; Job = $null } }
        { Invoke-AgentCimMethod -Instance $service -Method 'Any' -Arguments @{} } | Should -Throw -ErrorId 'Farhand.HOST_MEMORY_SHORT*'
        (Invoke-AgentCimMethod -Instance $service -Method 'Any' -Arguments @{} -Allowed 0, 32778).Value | Should -Be 32778
        Mock Invoke-CimMethod { [pscustomobject]@{ ReturnValue = [uint32]4096; Job = $service } }
        $script:Asked = 0
        Mock Get-CimInstance { $script:Asked++; if ($script:Asked -lt 3) { [pscustomobject]@{ JobState = 4; ErrorCode = 0 } } else { [pscustomobject]@{ JobState = 10; ErrorCode = 32774 } } }
        { Invoke-AgentCimMethod -Instance $service -Method 'Any' -Arguments @{} } | Should -Throw -ErrorId 'Farhand.VM_BUSY*'
        $script:Asked | Should -Be 3
    }
}

Describe 'Invoke-VmSendKeys, Get-AgentKeyCode' {
    It 'presses chords and lets go of them' {
        (Get-TestData -Operation 'vm.send-keys' -Spec @{ vm = $script:Vm; chords = @(, @('ctrl', 'alt', 'delete')); hold_ms = 0 }).sent | Should -Be 3
    }
    It 'types text with its lines' { (Get-TestData -Operation 'vm.send-keys' -Spec @{ vm = $script:Vm; text = "a`$(b)`n`t" }).sent | Should -Be 7 }
    It 'has every key of the contract' {
        $text = [System.IO.File]::ReadAllText([System.IO.Path]::Combine($PSScriptRoot, '..', '..', '..', '..', 'protocol', 'operations', 'vm-screen.ts'))
        $list = [regex]::Match($text, 'const KEYS = \[(.*?)\] as const', 'Singleline').Groups[1].Value
        $keys = @([regex]::Matches($list, '"((?:[^"\\]|\\.)+)",') | ForEach-Object { $_.Groups[1].Value.Replace('\\', '\') })
        $keys.Count | Should -BeGreaterThan 60
        foreach ($key in $keys) { (Get-AgentKeyCode).Contains($key) | Should -BeTrue -Because $key }
    }
    It 'refuses a key that there is not' { (Invoke-TestJob -Operation 'vm.send-keys' -Spec @{ vm = $script:Vm; chords = @(, @('any')) }).code | Should -BeExactly 'SPEC_INVALID' }
}

Describe 'Invoke-GuestKvpPublish, Invoke-GuestKvpRead, Invoke-GuestKvpClean, Remove-AgentKvp, Get-AgentKvpHost, Get-AgentKvpItem, ConvertTo-AgentKvpText, Test-AgentKvpName' {
    It 'publishes any text, and over what is there already' {
        $value = "<&>`"' `$(x) ``n $([char]0xe4)$([char]::ConvertFromUtf32(0x1f600))`n`ttab ]]>"
        foreach ($text in 'old', $value, ('x' * 960), '') {
            $null = Get-TestData -Operation 'guest.kvp-publish' -Spec @{ vm = $script:Vm; items = @(@{ name = 'farhand.a'; value = $text }, @{ name = 'farhand.b'; value = '1' }) }
            (Get-TestData -Operation 'guest.kvp-read' -Spec @{ vm = $script:Vm }).host.'farhand.a' | Should -BeExactly $text
        }
    }
    It 'waits when WMI makes a job of it' {
        Edit-TestWorld { param($world) $world.timing.asyncKvp = $true; $world.timing.jobMs = 200 }
        $null = Get-TestData -Operation 'guest.kvp-publish' -Spec @{ vm = $script:Vm; items = @(, @{ name = 'farhand.c'; value = '2' }) }
        (Get-TestData -Operation 'guest.kvp-read' -Spec @{ vm = $script:Vm }).host.'farhand.c' | Should -BeExactly '2'
        Edit-TestWorld { param($world) $world.timing.asyncKvp = $false; $world.timing.jobMs = 0 }
    }
    It 'reads what the guest says while it runs' {
        Edit-TestWorld { param($world) $world.vms[0].guest.items = @([pscustomobject]@{ name = 'ack'; data = 'done' }) }
        (Get-TestData -Operation 'guest.kvp-read' -Spec @{ vm = $script:Vm }).guest.ack | Should -BeExactly 'done'
    }
    It 'takes them back by name and by prefix, and a repeat does no harm' {
        (Get-TestData -Operation 'guest.kvp-clean' -Spec @{ vm = $script:Vm; names = @('farhand.a', 'none') }).removed | Should -Be @('farhand.a')
        (Get-TestData -Operation 'guest.kvp-clean' -Spec @{ vm = $script:Vm; prefix = 'farhand.' }).removed | Should -Be @('farhand.b', 'farhand.c')
        (Get-TestData -Operation 'guest.kvp-clean' -Spec @{ vm = $script:Vm; prefix = 'farhand.' }).removed | Should -BeNullOrEmpty
    }
    It 'publishes to a machine that is off' {
        $id = New-TestVm -Name 'cold'
        $null = Get-TestData -Operation 'guest.kvp-publish' -Spec @{ vm = $id; items = @(, @{ name = 'a'; value = 'b' }) }
        $data = Get-TestData -Operation 'guest.kvp-read' -Spec @{ vm = $id }
        $data.host.a | Should -BeExactly 'b'
        $data.guest | Should -BeNullOrEmpty
    }
    It 'refuses <Name>' -ForEach @(
        @{ Name = 'too long a value'; Items = @(, @{ name = 'a'; value = 'x' * 961 }) }, @{ Name = 'a name with spaces'; Items = @(, @{ name = 'a b'; value = 'x' }) }, @{ Name = 'two of one name'; Items = @(@{ name = 'a'; value = 'x' }, @{ name = 'a'; value = 'y' }) }
        @{ Name = 'none'; Items = @() }, @{ Name = 'a control character'; Items = @(, @{ name = 'a'; value = "x$([char]1)" }) }
        @{ Name = 'half of a pair'; Items = @(, @{ name = 'a'; value = "x$([char]0xd800)" }) }, @{ Name = 'the other half'; Items = @(, @{ name = 'a'; value = "$([char]0xdc00)x" }) }, @{ Name = 'items that are none'; Items = @('a', 'b') }
    ) { (Invoke-TestJob -Operation 'guest.kvp-publish' -Spec @{ vm = $script:Vm; items = $Items }).code | Should -BeExactly 'SPEC_INVALID' }
}

Describe 'Invoke-HypervSelftest, Invoke-AgentSelftestLife' {
    It 'reads first, and makes nothing where a reading fails' {
        $before = [System.IO.Directory]::GetFileSystemEntries($script:Rig.Data, '*', 'AllDirectories').Length
        $result = Invoke-TestJob -Operation 'hyperv.selftest' -Spec @{ full = $true }
        $result.code | Should -BeExactly 'NETWORK_UNAVAILABLE'
        ($result.data.checks | Where-Object { -not $_.ok }).name | Should -Be @('network gone')
        [System.IO.Directory]::GetFileSystemEntries($script:Rig.Data, '*', 'AllDirectories').Length | Should -Be $before
    }
    It 'lives a whole life and cleans up, also when a step fails' {
        $script:Rig.Resources.networks.Remove('gone')
        $before = @([System.IO.Directory]::GetFileSystemEntries($script:Rig.Data, '*', 'AllDirectories'))
        $data = Get-TestData -Operation 'hyperv.selftest' -Spec @{ full = $true }
        @($data.checks | Where-Object { $_.name -like '*.*' }).name | Should -Contain 'disk.clone'
        @($data.checks | Where-Object { -not $_.ok }) | Should -BeNullOrEmpty
        Edit-TestWorld { param($world) $world.faults = @([pscustomobject]@{ cmdlet = 'Checkpoint-VM'; id = 'OperationFailed'; message = 'nein' }) }
        $result = Invoke-TestJob -Operation 'hyperv.selftest' -Spec @{ full = $true }
        ($result.data.checks | Where-Object { -not $_.ok }).name | Should -Be @('snapshot.create')
        @([System.IO.Directory]::GetFileSystemEntries($script:Rig.Data, '*', 'AllDirectories')) | Should -Be $before
        @((Get-TestData -Operation 'vm.list').items.name | Where-Object { $_ -like 'farhand-selftest*' }) | Should -BeNullOrEmpty
    }
}

Describe 'Invoke-AgentNoop' {
    It 'gives back what it got' { (Get-TestData -Operation 'agent.noop' -Spec @{ a = @{ b = @{ c = @{ d = 1 } } } }).spec.a.b.c.d | Should -Be 1 }
}
