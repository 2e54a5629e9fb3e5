# Power of machines, through the agent's operations.
BeforeAll {
    . (Join-Path $PSScriptRoot 'rig.ps1')
    New-TestRig
    $script:Id = New-TestVm
    function Set-TestGuest { param([string]$Shutdown); Edit-TestWorld { param($world) ($world.vms | Where-Object { $_.id -eq $script:Id }).guest.shutdown = $Shutdown } }
}
AfterAll { Remove-TestRig }

Describe 'Invoke-VmStart, Invoke-VmStop, Invoke-VmSuspend, Invoke-VmResume, Invoke-VmSave, Invoke-VmReset, New-AgentPowered, Wait-AgentState' {
    It 'goes through its states, and a repeat changes nothing' {
        foreach ($step in @(@('vm.start', 'running'), @('vm.suspend', 'paused'), @('vm.resume', 'running'), @('vm.save', 'saved'), @('vm.start', 'running'), @('vm.stop', 'off'))) {
            $first = Get-TestData -Operation $step[0] -Spec @{ vm = $script:Id }
            $first.state | Should -BeExactly $step[1]
            $first.changed | Should -Be @('state')
            (Get-TestData -Operation $step[0] -Spec @{ vm = $script:Id }).changed | Should -BeNullOrEmpty
        }
    }
    It 'resets a running one' {
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Id }
        (Get-TestData -Operation 'vm.reset' -Spec @{ vm = $script:Id }).state | Should -BeExactly 'running'
        $null = Get-TestData -Operation 'vm.stop' -Spec @{ vm = $script:Id }
    }
    It 'drops a saved state when it is stopped' {
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Id }
        $null = Get-TestData -Operation 'vm.save' -Spec @{ vm = $script:Id }
        (Get-TestData -Operation 'vm.stop' -Spec @{ vm = $script:Id }).state | Should -BeExactly 'off'
    }
    It 'refuses <Operation> of a machine that is off' -ForEach @(@{ Operation = 'vm.suspend' }, @{ Operation = 'vm.resume' }, @{ Operation = 'vm.save' }, @{ Operation = 'vm.reset' }, @{ Operation = 'vm.reboot' }) {
        (Invoke-TestJob -Operation $Operation -Spec @{ vm = $script:Id }).code | Should -BeExactly 'VM_STATE_INVALID'
    }
    It 'finds no machine for <Operation>' -ForEach @(@{ Operation = 'vm.start' }, @{ Operation = 'vm.stop' }, @{ Operation = 'vm.shutdown' }, @{ Operation = 'vm.save' }) {
        (Invoke-TestJob -Operation $Operation -Spec @{ vm = '00000000-0000-4000-8000-000000000000' }).code | Should -BeExactly 'VM_NOT_FOUND'
    }
}

Describe 'Start-AgentVm' {
    It 'says that the host has not the memory' {
        $big = New-TestVm -Name 'big' -More @{ memory_bytes = 60GB }
        $other = New-TestVm -Name 'big2' -More @{ memory_bytes = 60GB }
        $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $big }
        (Invoke-TestJob -Operation 'vm.start' -Spec @{ vm = $other }).code | Should -BeExactly 'HOST_MEMORY_SHORT'
        $null = Get-TestData -Operation 'vm.stop' -Spec @{ vm = $big }
    }
    It 'calls what has no better reason VM_START_FAILED' {
        Edit-TestWorld { param($world) $world.faults = @([pscustomobject]@{ cmdlet = 'Start-VM'; id = 'OperationFailed'; message = 'nein' }) }
        (Invoke-TestJob -Operation 'vm.start' -Spec @{ vm = $script:Id }).code | Should -BeExactly 'VM_START_FAILED'
    }
}

Describe 'Invoke-VmShutdown, Invoke-VmReboot, Invoke-AgentShutdown, Stop-AgentGuest, Stop-AgentVm, Get-AgentPatience' {
    BeforeEach { $null = Invoke-TestJob -Operation 'vm.stop' -Spec @{ vm = $script:Id }; $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Id } }
    It 'waits for the guest' {
        Set-TestGuest -Shutdown 'ok'
        $data = Get-TestData -Operation 'vm.shutdown' -Spec @{ vm = $script:Id; wait_ms = 60000 }
        $data.state | Should -BeExactly 'off'
        $data.forced | Should -BeFalse
    }
    It 'gives up in time when the guest ignores it, and does not hang' {
        Set-TestGuest -Shutdown 'ignore'
        (Invoke-TestJob -Operation 'vm.shutdown' -Spec @{ vm = $script:Id; wait_ms = 200 }).code | Should -BeExactly 'VM_SHUTDOWN_TIMEOUT'
    }
    It 'turns it off then, when that was asked for' {
        Set-TestGuest -Shutdown 'ignore'
        $data = Get-TestData -Operation 'vm.shutdown' -Spec @{ vm = $script:Id; wait_ms = 200; force = $true }
        $data.state | Should -BeExactly 'off'
        $data.forced | Should -BeTrue
    }
    It 'restarts by the guest, or without it' {
        Set-TestGuest -Shutdown 'ok'
        (Get-TestData -Operation 'vm.reboot' -Spec @{ vm = $script:Id; wait_ms = 60000 }).forced | Should -BeFalse
        Set-TestGuest -Shutdown 'ignore'
        $data = Get-TestData -Operation 'vm.reboot' -Spec @{ vm = $script:Id; wait_ms = 200; force = $true }
        $data.forced | Should -BeTrue
        $data.state | Should -BeExactly 'running'
    }
    It 'says that a guest without its service cannot be asked, and turns it off by force' {
        Edit-TestWorld { param($world) ($world.vms | Where-Object { $_.id -eq $script:Id }).guest.heartbeat = $false }
        (Invoke-TestJob -Operation 'vm.shutdown' -Spec @{ vm = $script:Id; wait_ms = 60000 }).code | Should -BeExactly 'AGENT_UNAVAILABLE'
        (Get-TestData -Operation 'vm.shutdown' -Spec @{ vm = $script:Id; wait_ms = 60000; force = $true }).forced | Should -BeTrue
    }
    It 'refuses a time that is none' { (Invoke-TestJob -Operation 'vm.shutdown' -Spec @{ vm = $script:Id; wait_ms = -1 }).code | Should -BeExactly 'SPEC_INVALID' }
}

Describe 'ConvertTo-AgentState, Assert-AgentState' {
    It '<State> is <Word>' -ForEach @(
        @{ State = 'Running'; Word = 'running' }, @{ State = 'RunningCritical'; Word = 'running' }, @{ State = 'Off'; Word = 'off' }, @{ State = 'OffCritical'; Word = 'off' }, @{ State = 'FastSaved'; Word = 'saved' }
        @{ State = 'Resuming'; Word = 'starting' }, @{ State = 'Saving'; Word = 'stopping' }, @{ State = 'Other'; Word = 'unknown' }, @{ State = 'ForceShutdown'; Word = 'stopping' }, @{ State = 'ForceReboot'; Word = 'starting' }, @{ State = 'Hibernated'; Word = 'saved' }, @{ State = $null; Word = 'unknown' }
    ) { ConvertTo-AgentState -State $State | Should -BeExactly $Word }
    It 'is busy while it changes' { { Assert-AgentState -Vm @{ State = 'Stopping' } -State off -Message 'm' } | Should -Throw -ErrorId 'Farhand.VM_BUSY*' }
}
