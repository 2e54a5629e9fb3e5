# What Hyper-V counts of one machine, and of no other.
BeforeAll {
    . "$PSScriptRoot/rig.ps1"
    $script:Processor = 'Win32_PerfRawData_HvStats_HyperVHypervisorVirtualProcessor'
    $script:Storage = 'Win32_PerfRawData_Counters_HyperVVirtualStorageDevice'
    $script:Network = 'Win32_PerfRawData_NvspNicStats_HyperVVirtualNetworkAdapter'
    function Get-TestStats { Get-TestData -Operation 'vm.stats' -Spec @{ vm = $script:Vm } }
    # Counters as they are given, instead of the fake's own.
    function Set-TestCounter {
        param([string]$Class, [object[]]$Row)
        Edit-TestWorld { param($world) $world | Add-Member -Force -NotePropertyName cim -NotePropertyValue ([pscustomobject]@{ $Class = $Row }) }
    }
    function Get-TestDiskName { param([string]$Name = 'root'); ([System.IO.Path]::Combine($script:Rig.Data, "web-$Name.vhdx")).Replace('/', '-') }
    function New-TestStorage { param([string]$Name); [pscustomobject]@{ Name = $Name; ReadBytesPersec = 1; WriteBytesPersec = 2; ReadOperationsPerSec = 3; WriteOperationsPerSec = 4 } }
}
Describe 'vm.stats' {
    BeforeEach {
        New-TestRig
        $script:Vm = New-TestVm
        $script:Disk = (Get-TestData -Operation 'disk.create' -Spec @{ vm = $script:Vm; name = 'root'; size_bytes = 1073741824 }).id
        $script:Nic = (Get-TestData -Operation 'nic.create' -Spec @{ vm = $script:Vm; network = 'lan' }).id
        Edit-TestWorld { param($world) $world.vms[0].guest.cpuUsage = 50 }
    }
    AfterEach { Remove-TestRig }

    Describe 'Invoke-VmStats' {
        It 'says of one that is off that it does nothing' {
            $data = Get-TestStats
            $data.run | Should -BeNullOrEmpty
            $data.cpu_time_ms | Should -Be 0
            $data.memory_assigned_bytes | Should -Be 0
            $data.disks.GetType().IsArray | Should -BeTrue
        }
        It 'counts a running one, on a clock and with counters that go on' {
            $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm }
            $first = Get-TestStats
            $first.disks[0].id | Should -BeExactly $script:Disk
            $first.nics[0].id | Should -BeExactly $script:Nic
            $first.memory_assigned_bytes | Should -Be 1GB
            Start-Sleep -Milliseconds 30
            $second = Get-TestStats
            $second.run | Should -BeExactly $first.run
            $second.at_ms | Should -BeGreaterThan $first.at_ms
            $second.cpu_time_ms | Should -BeGreaterThan $first.cpu_time_ms
            $second.disks[0].written_bytes | Should -Be (2 * $second.disks[0].read_bytes)
            $second.nics[0].received_bytes | Should -BeGreaterThan $first.nics[0].received_bytes
            }
        It 'says another run after another start' {
            $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm }
            $run = (Get-TestStats).run
            $null = Get-TestData -Operation 'vm.stop' -Spec @{ vm = $script:Vm }
            $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm }
            (Get-TestStats).run | Should -Not -BeExactly $run
        }
        It 'counts the file that a checkpoint made it write to as the same disk' {
            $null = Get-TestData -Operation 'snapshot.create' -Spec @{ vm = $script:Vm; name = 'one' }
            $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm }
            (Get-TestStats).disks[0].id | Should -BeExactly $script:Disk
        }
        It 'says nothing where the counters cannot be read' {
            $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm }
            Mock Get-CimInstance { throw 'Zugriff verweigert' } -ParameterFilter { $Query -like '*Win32_PerfRawData*' }
            $data = Get-TestStats
            foreach ($field in 'cpu_time_ms', 'disks', 'nics') { $data.$field | Should -BeNullOrEmpty -Because $field }
            $data.memory_assigned_bytes | Should -Be 1GB
        }
    }

    Describe 'Get-AgentProcessorTime' {
        BeforeEach { $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm } }
        It 'adds up all processors, in milliseconds' {
            Set-TestCounter -Class $script:Processor -Row @(
                [pscustomobject]@{ Name = 'web:Hv VP 0'; PercentTotalRunTime = 10000 }, [pscustomobject]@{ Name = 'web:Hv VP 1'; PercentTotalRunTime = 25000 },
                [pscustomobject]@{ Name = 'web2:Hv VP 0'; PercentTotalRunTime = 990000 }, [pscustomobject]@{ Name = '_Total'; PercentTotalRunTime = 990000 })
            (Get-TestStats).cpu_time_ms | Should -Be 3.5
        }
        It 'says nothing when <What>' -ForEach @(
            @{ What = 'a name stands twice'; Rows = @('web:Hv VP 0', 'web:Hv VP 1', 'web:Hv VP 0#1', 'web:Hv VP 1#1') }
            @{ What = 'one of its processors is missing'; Rows = @('web:Hv VP 0') }
            @{ What = 'there are more than it has'; Rows = @('web:Hv VP 0', 'web:Hv VP 1', 'web:Hv VP 2') }
            @{ What = 'there is none of its name'; Rows = @('other:Hv VP 0') }
        ) {
            Set-TestCounter -Class $script:Processor -Row @($Rows | ForEach-Object { [pscustomobject]@{ Name = $_; PercentTotalRunTime = 10000 } })
            (Get-TestStats).cpu_time_ms | Should -BeNullOrEmpty
        }
        It 'says nothing of what it cannot have worked since it was started' {
            Set-TestCounter -Class $script:Processor -Row @(0, 1 | ForEach-Object { [pscustomobject]@{ Name = "web:Hv VP $_"; PercentTotalRunTime = 36000000000 } })
            (Get-TestStats).cpu_time_ms | Should -BeNullOrEmpty
        }
        It 'says nothing of a name that two machines have' {
            Edit-TestWorld {
                param($world)
                $other = ConvertFrom-Json -InputObject (ConvertTo-Json -InputObject $world.vms[0] -Depth 20) -DateKind String
                $other.id = [guid]::NewGuid().ToString(); $other.name = 'WEB'; $other.state = 'Off'; $other.startedMs = 0; $other.drives = @(); $other.nics = @()
                $world.vms = @($world.vms) + $other
            }
            (Get-TestStats).cpu_time_ms | Should -BeNullOrEmpty
        }
        It 'says nothing of a name that counters write otherwise' {
            Edit-TestWorld { param($world) $world.vms[0].name = 'web (1)' }
            (Get-TestStats).cpu_time_ms | Should -BeNullOrEmpty
        }
    }

    Describe 'Get-AgentDiskCounter, Get-AgentCounter' {
        BeforeEach { $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm } }
        It 'finds a disk by its path, whatever its letters and with the prefix of long paths' {
            Set-TestCounter -Class $script:Storage -Row @(New-TestStorage -Name ('--?-' + (Get-TestDiskName).ToUpperInvariant()))
            $disk = (Get-TestStats).disks[0]
            @($disk.read_bytes, $disk.written_bytes, $disk.reads, $disk.writes) | Should -Be @(1, 2, 3, 4)
        }
        It 'leaves out a disk that two instances could be' {
            Set-TestCounter -Class $script:Storage -Row @((New-TestStorage -Name (Get-TestDiskName)), (New-TestStorage -Name ((Get-TestDiskName) + '#1')))
            (Get-TestStats).disks | Should -BeNullOrEmpty
        }
        It 'leaves out what has no instance, and tells the others' {
            $null = Get-TestData -Operation 'disk.create' -Spec @{ vm = $script:Vm; name = 'more'; size_bytes = 1073741824 }
            Set-TestCounter -Class $script:Storage -Row @(New-TestStorage -Name (Get-TestDiskName -Name 'more'))
            @((Get-TestStats).disks).Count | Should -Be 1
            (Get-TestStats).disks[0].id | Should -Not -BeExactly $script:Disk
        }
    }

    Describe 'Get-AgentNicCounter' {
        BeforeEach { $null = Get-TestData -Operation 'vm.start' -Spec @{ vm = $script:Vm } }
        It 'finds an adapter by the ids of the machine and its own, not by names' {
            $ids = "$($script:Vm)--$($script:Nic.Substring(4))".ToUpperInvariant()
            Set-TestCounter -Class $script:Network -Row @(
                [pscustomobject]@{ Name = 'web_nic0_00000000-0000-0000-0000-000000000000--00000000-0000-0000-0000-000000000000'; BytesReceivedPersec = 9; BytesSentPersec = 9 },
                [pscustomobject]@{ Name = "renamed_any_$ids"; BytesReceivedPersec = 5; BytesSentPersec = 6 })
            $nic = (Get-TestStats).nics[0]
            @($nic.id, $nic.received_bytes, $nic.sent_bytes) | Should -Be @($script:Nic, 5, 6)
        }
        It 'says nothing when none is its own' {
            Set-TestCounter -Class $script:Network -Row @([pscustomobject]@{ Name = 'web_nic0'; BytesReceivedPersec = 9; BytesSentPersec = 9 })
            (Get-TestStats).nics | Should -BeNullOrEmpty
        }
    }
}

Describe 'Invoke-HypervHost' {
    BeforeAll { New-TestRig -World '{"host":{"processors":12,"memoryBytes":34359738368}}' }
    AfterAll { Remove-TestRig }
    It 'says what the host has, and every address that an adapter has' {
        $vm = New-TestVm
        $null = Get-TestData -Operation 'nic.create' -Spec @{ vm = $vm; network = 'lan'; mac = '00:15:5D:AA:00:01' }
        $null = Get-TestData -Operation 'nic.create' -Spec @{ vm = $vm; network = 'lan' }
        $data = Get-TestData -Operation 'hyperv.host'
        $data.processors | Should -Be 12
        $data.memory_bytes | Should -Be 32GB
        # The other has none before its first start.
        @($data.macs) | Should -Be @('00:15:5d:aa:00:01')
    }
}
