# Waiting for changes of the machines, and what is made ready before a job.
BeforeAll {
    . (Join-Path $PSScriptRoot 'rig.ps1')
    function Invoke-TestWait {
        param([hashtable]$Spec)
        $all = @{ known = ''; every_ms = 60000; least_ms = 1000; timeout_ms = 60000; relay_process = $PID }
        foreach ($name in $Spec.Keys) { $all[$name] = $Spec[$name] }
        Invoke-TestJob -Operation 'inventory.wait' -Spec $all
    }
}
Describe 'Invoke-InventoryWait, Wait-AgentInventoryEvent, Get-AgentDigest' {
    AfterEach {
        # In an agent they end with the process.
        Get-EventSubscriber -Force | Unregister-Event -Force
        Get-Event | Remove-Event
        Remove-TestRig
    }
    It 'answers at once what is not known' {
        New-TestRig -World '{"vms":[]}'
        $first = Invoke-TestWait -Spec @{}
        $first.status | Should -BeExactly 'success'
        $first.data.events | Should -BeTrue
        @($first.data.items).Count | Should -Be 0
        $null = New-VM -Name 'one' -MemoryStartupBytes 64MB -NoVHD -Generation 2
        $second = Invoke-TestWait -Spec @{ known = $first.data.digest }
        $second.data.digest | Should -Not -Be $first.data.digest
        $second.data.items.name | Should -BeExactly 'one'
    }
    It 'answers nothing when nothing changed in its time' {
        New-TestRig
        $known = (Invoke-TestWait -Spec @{}).data.digest
        $answer = Invoke-TestWait -Spec @{ known = $known; every_ms = 1000; timeout_ms = 1500 }
        $answer.data.items | Should -BeNullOrEmpty
        $answer.data.digest | Should -BeExactly $known
        $answer.data.events | Should -BeTrue
    }
    It 'is told of a machine that <Name>' -ForEach @(
        @{ Name = 'was made'; Do = { New-VM -Name 'two' -MemoryStartupBytes 64MB -NoVHD -Generation 2 } }
        @{ Name = 'was deleted'; Do = { Get-VM | Remove-VM -Force } }
        @{ Name = 'was started'; Do = { Get-VM | Start-VM } }
        @{ Name = 'was renamed'; Do = { Get-VM | Rename-VM -NewName 'other' } }
        @{ Name = 'has other notes'; Do = { Get-VM | Set-VM -Notes 'said' } }
    ) {
        New-TestRig
        $null = New-VM -Name 'one' -MemoryStartupBytes 64MB -NoVHD -Generation 2
        $known = (Invoke-TestWait -Spec @{}).data.digest
        Get-EventSubscriber -Force | Unregister-Event -Force
        # Done by this very process, in between, once events are asked for: the first look sees nothing of it.
        $script:Change = $Do
        $script:Looks = 0
        $real = (Get-Command Invoke-VmList).ScriptBlock
        Mock Invoke-VmList {
            $result = & $real -Job $Job
            $script:Looks++
            if ($script:Looks -eq 1) { $null = & $script:Change }
            $result
        }
        $answer = Invoke-TestWait -Spec @{ known = $known; timeout_ms = 55000 }
        $script:Looks | Should -Be 2
        $answer.data.digest | Should -Not -Be $known
    }
    It 'looks later and later while events change nothing, and never sooner than it was told' {
        New-TestRig
        $known = (Invoke-TestWait -Spec @{}).data.digest
        $script:Times = New-Object 'System.Collections.Generic.List[long]'
        $script:Clock = [System.Diagnostics.Stopwatch]::StartNew()
        Mock Register-AgentInventoryEvent { }
        Mock Invoke-VmList { $script:Times.Add($script:Clock.ElapsedMilliseconds); New-AgentResult -Message 'none' -Data ([ordered]@{ items = @() }) }
        $timer = [System.Timers.Timer]::new(50)
        $null = Register-ObjectEvent -InputObject $timer -EventName Elapsed -SourceIdentifier 'noise'
        $timer.Start()
        try { $answer = Invoke-TestWait -Spec @{ known = $known; least_ms = 1000; every_ms = 60000; timeout_ms = 8000 } } finally { $timer.Dispose() }
        $answer.data.items | Should -BeNullOrEmpty
        $script:Times.Count | Should -BeGreaterThan 2
        # A timer of the system may be a few milliseconds early.
        ($script:Times[1] - $script:Times[0]) | Should -BeGreaterThan 950
        ($script:Times[2] - $script:Times[1]) | Should -BeGreaterThan 1900
    }
    It 'looks without events after its period' {
        New-TestRig
        $known = (Invoke-TestWait -Spec @{}).data.digest
        Get-EventSubscriber -Force | Unregister-Event -Force
        $script:Looks = 0
        Mock Register-AgentInventoryEvent { }
        Mock Invoke-VmList { $script:Looks++; New-AgentResult -Message 'none' -Data ([ordered]@{ items = @() }) }
        $null = Invoke-TestWait -Spec @{ known = $known; every_ms = 1000; timeout_ms = 3500 }
        $script:Looks | Should -BeGreaterThan 1
    }
    It 'says why a host gives no events: <Name>' -ForEach @(
        @{ Name = 'access'; World = '{"host":{"access":"none"}}' }
        @{ Name = 'refused'; World = '{"faults":[{"cmdlet":"Register-CimIndicationEvent","id":"OperationFailed","message":"Kein Anbieter","times":1}]}' }
    ) {
        New-TestRig
        [System.IO.File]::WriteAllText($script:Rig.State, $World)
        $answer = Invoke-TestWait -Spec @{}
        $answer.status | Should -BeExactly 'success'
        $answer.data.events | Should -BeFalse
        $answer.message | Should -Not -BeNullOrEmpty
    }
    It 'says why when the refusal comes as an event' {
        New-TestRig
        $known = (Invoke-TestWait -Spec @{}).data.digest
        Mock Register-AgentInventoryEvent { $null = New-Event -SourceIdentifier 'refused' -Sender $null }
        Mock Wait-Event { [pscustomobject]@{ SourceEventArgs = [pscustomobject]@{ Exception = [System.InvalidOperationException]::new('Zugriff verweigert') } } }
        $answer = Invoke-TestWait -Spec @{ known = $known }
        $answer.data.events | Should -BeFalse
        $answer.message | Should -BeLike '*Zugriff verweigert*'
    }
    It 'ends when the relay has ended' {
        New-TestRig
        $known = (Invoke-TestWait -Spec @{}).data.digest
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        # A number that no process has.
        $answer = Invoke-TestWait -Spec @{ known = $known; timeout_ms = 600000; relay_process = 2147483646 }
        $answer.message | Should -BeExactly 'The relay has ended.'
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 300
    }
}

Describe 'Initialize-AgentProcess' {
    AfterEach { Remove-TestRig }
    It 'asks the host for nothing, and leaves nothing' {
        New-TestRig -World '{"record":true}'
        Edit-TestWorld { param($World) $World.calls = @() }
        Initialize-AgentProcess
        @((Get-Content -Raw $script:Rig.State | ConvertFrom-Json).calls).Count | Should -Be 0
    }
    It 'leaves a missing module to the job' {
        New-TestRig
        Mock Get-Module { }
        Mock Import-Module { throw 'not there' }
        { Initialize-AgentProcess } | Should -Not -Throw
    }
}
