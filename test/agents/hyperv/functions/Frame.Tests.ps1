# The frame of the agent: reading, JSON, errors, logs, batches. Run in this process; agent.ps1 itself is in Life.Tests.ps1.
BeforeAll {
    . (Join-Path $PSScriptRoot 'rig.ps1')
    New-TestRig
    function Invoke-TestAgent {
        param([byte[]]$Bytes)
        $answer = Invoke-Agent -InputStream (New-Object System.IO.MemoryStream (, $Bytes)) -Stray (New-Object System.IO.StringWriter)
        ConvertFrom-Json -InputObject $answer -DateKind String
    }
    function ConvertTo-TestByte { param([string]$Text); , [System.Text.Encoding]::UTF8.GetBytes($Text) }
}
AfterAll { Remove-TestRig }

Describe 'ConvertFrom-AgentJson' {
    It 'reads <Json>' -ForEach @(
        @{ Json = '{}' }, @{ Json = '[]' }, @{ Json = '[1]' }, @{ Json = '[[],[[]],{}]' }, @{ Json = '"2024-01-01T00:00:00Z"' }, @{ Json = '"/Date(1)/"' }
        @{ Json = '{"a":null,"A":1}' }, @{ Json = '{"Count":1,"Keys":2,"Length":3}' }, @{ Json = '-12' }, @{ Json = '9007199254740993' }, @{ Json = '0.5' }
        @{ Json = '[true,false,null]' }, @{ Json = '{"a":{"b":{"c":{"d":[{"e":[]}]}}}}' }
    ) {
        ConvertTo-AgentJson -Value (ConvertFrom-AgentJson -Text $Json) | Should -BeExactly $Json
    }
    It 'refuses <Json>' -ForEach @(
        @{ Json = '' }, @{ Json = '{' }, @{ Json = '{"a":1,}' }, @{ Json = '[1,]' }, @{ Json = '[,1]' }, @{ Json = '{"a"}' }, @{ Json = '{"a":1}x' }, @{ Json = '01' }, @{ Json = "'a'" }
        @{ Json = '{a:1}' }, @{ Json = '{"a":1 "b":2}' }, @{ Json = '[1}' }, @{ Json = '"\x"' }, @{ Json = "`"a`nb`"" }, @{ Json = '{"a":1,"a":2}' }, @{ Json = '1 2' }, @{ Json = ']' }, @{ Json = '{1:2}' }
        @{ Json = ('[' * 65) + (']' * 65) }, @{ Json = 'nul' }, @{ Json = '+1' }, @{ Json = 'NaN' }
    ) {
        { ConvertFrom-AgentJson -Text $Json } | Should -Throw -ErrorId 'Farhand.AGENT_PROTOCOL*'
    }
    It 'reads numbers as what they are' {
        ConvertFrom-AgentJson -Text '1e3' | Should -BeOfType [double]
        ConvertFrom-AgentJson -Text '68719476736' | Should -BeOfType [long]
    }
}

Describe 'ConvertTo-AgentJson' {
    It 'keeps lists of none and of one' {
        ConvertTo-AgentJson -Value ([ordered]@{ none = @(); one = @(1); list = (New-Object 'System.Collections.Generic.List[object]') }) | Should -BeExactly '{"none":[],"one":[1],"list":[]}'
    }
    It 'escapes what UTF-8 would lose' {
        ConvertTo-AgentJson -Value "a$([char]0xd800)b$([char]0x00e4)$([char]::ConvertFromUtf32(0x1f600))$([char]0x2028)`u{0001}`"\" | Should -BeExactly "`"a\ud800b$([char]0xe4)$([char]::ConvertFromUtf32(0x1f600))\u2028\u0001\`"\\`""
    }
    It 'writes what is not plain as its text, and numbers without culture' {
        [System.Threading.Thread]::CurrentThread.CurrentCulture = 'de-DE'
        ConvertTo-AgentJson -Value @([System.DayOfWeek]::Monday, 0.5, [guid]::Empty, [double]::NaN) | Should -BeExactly '["Monday",0.5,"00000000-0000-0000-0000-000000000000",null]'
    }
}

Describe 'Read-AgentInput' {
    It 'passes over a byte order mark' { Read-AgentInput -InputStream (New-Object System.IO.MemoryStream (, [byte[]](0xef, 0xbb, 0xbf, 0x31))) | Should -BeExactly '1' }
    It 'refuses what is not UTF-8' { { Read-AgentInput -InputStream (New-Object System.IO.MemoryStream (, [byte[]](0x22, 0xff, 0x22))) } | Should -Throw -ErrorId 'Farhand.AGENT_PROTOCOL*' }
    It 'refuses more than its bound' { { Read-AgentInput -InputStream (New-Object System.IO.MemoryStream (, (New-Object byte[] 11))) -MaximumBytes 10 } | Should -Throw -ErrorId 'Farhand.AGENT_PROTOCOL*' }
}

Describe 'ConvertTo-AgentJob' {
    It 'refuses <Json>' -ForEach @(
        @{ Json = '1' }, @{ Json = 'null' }, @{ Json = '[]' }, @{ Json = '{}' }, @{ Json = '{"operation":1}' }, @{ Json = '{"operation":"Vm.List"}' }, @{ Json = '{"operation":"vm.list","resource_spec":[]}' }
        @{ Json = '{"operation":"vm.list","host":1}' }, @{ Json = '{"operation":"vm.list","host":{"storage":[]}}' }, @{ Json = '{"operation":"vm.list","metadata":"x"}' }
    ) {
        { ConvertTo-AgentJob -Document (ConvertFrom-AgentJson -Text $Json) } | Should -Throw -ErrorId 'Farhand.AGENT_PROTOCOL*'
    }
    It 'takes no correlation id that could not be echoed' { (ConvertTo-AgentJob -Document (ConvertFrom-AgentJson -Text '{"operation":"vm.list","correlation_id":"a b"}')).Correlation | Should -BeExactly 'unknown' }
}

Describe 'Invoke-Agent' {
    It 'answers with the correlation id' { (Invoke-TestAgent -Bytes (ConvertTo-TestByte '{"operation":"agent.noop","correlation_id":"c-1"}')).correlation_id | Should -BeExactly 'c-1' }
    It 'answers a job that is none' {
        $answer = Invoke-TestAgent -Bytes (ConvertTo-TestByte 'rubbish')
        $answer.status | Should -BeExactly 'error'
        $answer.code | Should -BeExactly 'AGENT_PROTOCOL'
        $answer.correlation_id | Should -BeExactly 'unknown'
    }
    It 'has no code on success' { (Invoke-TestAgent -Bytes (ConvertTo-TestByte '{"operation":"agent.noop"}')).PSObject.Properties.Name | Should -Not -Contain 'code' }
}

Describe 'Invoke-AgentOperation' {
    It 'knows no other operations' { (Invoke-TestJob -Operation 'vm.explode').code | Should -BeExactly 'OPERATION_UNKNOWN' }
    It 'changes nothing for a plan' {
        $job = ConvertTo-TestJob -Operation 'vm.create' -Spec @{ name = 'planned' }
        $job.Plan = $true
        (Invoke-AgentOperation -Job $job -Logs (New-Object 'System.Collections.Generic.List[object]')).Code | Should -BeExactly 'PLAN_UNSUPPORTED'
        @((Get-TestData -Operation 'vm.list').items).Count | Should -Be 0
    }
    It 'puts every stream into the logs, and keeps them off the result' {
        Mock Invoke-VmList {
            'stray'; Write-Warning 'careful'; Write-Information 'said'; Write-Error 'wrong' -ErrorAction Continue; Write-Host 'shown'
            New-AgentResult -Message 'done' -Data @{ items = @() }
        }
        $result = Invoke-TestJob -Operation 'vm.list'
        $result.status | Should -BeExactly 'success'
        @($script:Logs | ForEach-Object { "$($_['level']) $($_['message'])" }) | Should -Be @('info stray', 'warn careful', 'info said', 'error wrong', 'info shown')
    }
    It 'calls a fault of its own DRIVER_FAILED, with where it was in the logs' {
        Mock Invoke-VmList { $nothing = $null; $nothing.Property }
        (Invoke-TestJob -Operation 'vm.list').code | Should -BeExactly 'DRIVER_FAILED'
        $script:Logs[0]['level'] | Should -BeExactly 'error'
    }
    It 'calls no result, and two, a fault' {
        Mock Invoke-VmList { 'nothing' }
        (Invoke-TestJob -Operation 'vm.list').code | Should -BeExactly 'DRIVER_FAILED'
    }
}

Describe 'Get-AgentOperationTable' {
    It 'names functions that are there' { foreach ($row in (Get-AgentOperationTable).Values) { Get-Command -Name $row.Function -CommandType Function | Should -Not -BeNullOrEmpty } }
    It 'has every operation of the contract but the console, and the copy, which the relay makes of steps' {
        $folder = [System.IO.Path]::Combine($PSScriptRoot, '..', '..', '..', '..', 'protocol', 'operations', 'virtual-machines.ts')
        $names = @([regex]::Matches([System.IO.File]::ReadAllText($folder), '"([a-z]+\.[a-z-]+)": ') | ForEach-Object { $_.Groups[1].Value })
        $names.Count | Should -BeGreaterThan 40
        @($names | Where-Object { -not (Get-AgentOperationTable).ContainsKey($_) }) | Should -Be @('vm.clone', 'vm.console')
    }
}

Describe 'Import-AgentModule' {
    It 'says that the module is missing, and not that there is nothing' {
        Mock Get-Module { }
        Mock Import-Module { throw 'not there' }
        (Invoke-TestJob -Operation 'vm.list').code | Should -BeExactly 'HYPERVISOR_UNAVAILABLE'
    }
}

Describe 'Add-AgentLog, Add-AgentRecord, Limit-AgentText' {
    It 'keeps 200 lines of 2,000 characters' {
        $logs = New-Object 'System.Collections.Generic.List[object]'
        for ($index = 0; $index -lt 300; $index++) { Add-AgentRecord -Logs $logs -Record ('x' * 3000) }
        $logs.Count | Should -Be 200
        $logs[0]['message'].Length | Should -Be 2000
        $logs[199]['level'] | Should -BeExactly 'warn'
    }
    It 'never cuts a pair' { Limit-AgentText -Text ('a' + [char]::ConvertFromUtf32(0x1f600)) -Length 2 | Should -BeExactly 'a' }
}

Describe 'Resolve-AgentFailure, New-AgentFailure, Get-AgentErrorTable' {
    It '<Id> of Hyper-V is <Code>, whatever its text says' -ForEach @(
        @{ Id = 'AccessDenied'; Code = 'HYPERVISOR_ACCESS_DENIED' }, @{ Id = 'InvalidState'; Code = 'VM_STATE_INVALID' }, @{ Id = 'OutOfMemory'; Code = 'HOST_MEMORY_SHORT' }
        @{ Id = 'OperationFailed'; Code = 'HYPERVISOR_FAILED' }, @{ Id = 'OperationTimeout'; Code = 'HYPERVISOR_TIMEOUT' }, @{ Id = 'NotSupported'; Code = 'HYPERVISOR_UNSUPPORTED' }
        @{ Id = 'InvalidParameter'; Code = 'VM_CONFIG_INVALID' }, @{ Id = 'SomethingNew'; Code = 'HYPERVISOR_FAILED' }
    ) {
        Edit-TestWorld { param($world) $world.faults = @([pscustomobject]@{ cmdlet = 'Get-VMHost'; id = $Id; message = 'access denied, not found, timeout' }) }
        $problem = $null
        try { Get-VMHost -ErrorAction Stop } catch { $problem = $_ }
        (Resolve-AgentFailure -ErrorRecord $problem).code | Should -BeExactly $Code
    }
    It 'says disk where the commands on virtual disks say object' {
        Edit-TestWorld { param($world) $world.faults = @([pscustomobject]@{ cmdlet = 'Get-VHD'; id = 'ObjectNotFound'; message = 'nein' }) }
        $problem = $null
        try { Get-VHD -Path ([System.IO.Path]::Combine($script:Rig.Data, 'none.vhdx')) -ErrorAction Stop } catch { $problem = $_ }
        (Resolve-AgentFailure -ErrorRecord $problem).code | Should -BeExactly 'DISK_NOT_FOUND'
    }
    It 'knows Windows by its numbers: <Result> is <Code>' -ForEach @(@{ Result = 0x80070020; Code = 'DISK_IN_USE' }, @{ Result = 0x80070070; Code = 'STORAGE_FULL' }, @{ Result = 0x80070005; Code = 'HYPERVISOR_ACCESS_DENIED' }) {
        $problem = $null
        try { throw [System.IO.IOException]::new('nein', $Result) } catch { $problem = $_ }
        (Resolve-AgentFailure -ErrorRecord $problem).code | Should -BeExactly $Code
    }
    It 'says where in the specification' {
        $problem = $null
        try { throw (New-AgentFailure -Code VM_BUSY -Message 'm' -Pointer '/a', '/b') } catch { $problem = $_ }
        $failure = Resolve-AgentFailure -ErrorRecord $problem
        $failure.code | Should -BeExactly 'VM_BUSY'
        @($failure.data['errors'] | ForEach-Object { $_['pointer'] }) | Should -Be @('/a', '/b')
    }
    It 'has codes of the contract alone' {
        $folder = [System.IO.Path]::Combine($PSScriptRoot, '..', '..', '..', '..')
        $rows = [System.IO.File]::ReadAllText([System.IO.Path]::Combine($folder, 'protocol', 'vm-errors.ts')) + [System.IO.File]::ReadAllText([System.IO.Path]::Combine($folder, 'protocol', 'errors.ts'))
        $table = Get-AgentErrorTable
        $used = @($table.Identifiers.Values) + @($table.ReturnValues.Values) + @($table.Results.Values)
        foreach ($file in [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($folder, 'agents', 'hyperv', 'functions'), '*.ps1')) {
            $used += @([regex]::Matches([System.IO.File]::ReadAllText($file), "(?<=-Code |code = ')[A-Z][A-Z_]+") | ForEach-Object { $_.Value })
        }
        @($used | Select-Object -Unique | Where-Object { $rows -cnotmatch "\b${_}: e\(" }) | Should -BeNullOrEmpty
    }
}

Describe 'Invoke-AgentBatch, Resolve-AgentReference' {
    It 'runs steps that name what earlier ones answered' {
        $result = Get-TestData -Operation 'batch' -Spec @{ steps = @(
                @{ operation = 'vm.create'; resource_spec = @{ name = 'batch'; cpus = 1; memory_bytes = 1073741824 } }
                @{ operation = 'disk.create'; resource_spec = @{ vm = @{ '$result' = 0; path = 'id' }; size_bytes = 1073741824 } }
                @{ operation = 'vm.get'; resource_spec = @{ vm = @{ '$result' = 0; path = 'id' } } }
                @{ operation = 'vm.delete'; resource_spec = @{ vm = @{ '$result' = 2; path = 'disks.0.vm' }; delete_disks = $true } }
            )
        }
        $result.failed | Should -BeNullOrEmpty
        $result.results.Count | Should -Be 4
        $result.results[3].data.deleted_disks | Should -Be @('disk0')
    }
    It 'ends at the first failure and says which' {
        $result = Invoke-TestJob -Operation 'batch' -Spec @{ steps = @(
                @{ operation = 'agent.noop' }, @{ operation = 'vm.get'; resource_spec = @{ vm = [guid]::NewGuid().ToString() } }, @{ operation = 'agent.noop' }
            )
        }
        $result.status | Should -BeExactly 'partial'
        $result.code | Should -BeExactly 'VM_NOT_FOUND'
        $result.data.failed | Should -Be 1
        $result.data.results.Count | Should -Be 2
    }
    It 'refuses <Name>' -ForEach @(
        @{ Name = 'a batch in a batch'; Steps = @(, @{ operation = 'batch' }) }, @{ Name = 'a later step'; Steps = @(, @{ operation = 'agent.noop'; resource_spec = @{ a = @{ '$result' = 0; path = 'id' } } }) }
        @{ Name = 'no step'; Steps = @() }, @{ Name = 'a path that is not there'; Steps = @(@{ operation = 'agent.noop' }, @{ operation = 'agent.noop'; resource_spec = @{ a = @{ '$result' = 0; path = 'spec.x' } } }) }
    ) {
        (Invoke-TestJob -Operation 'batch' -Spec @{ steps = $Steps }).code | Should -BeExactly 'SPEC_INVALID'
    }
    It 'keeps the level of what its steps say' {
        $null = Edit-FakeHyperVWorld { param($World) $World.faults = @($World.faults) + [pscustomobject]@{ cmdlet = 'Get-VM'; warning = 'slow' } }
        $null = Invoke-TestJob -Operation 'batch' -Spec @{ steps = @(@{ operation = 'vm.list' }, @{ operation = 'vm.get'; resource_spec = @{ vm = [guid]::NewGuid().ToString() } }) }
        $said = @($script:Logs | ForEach-Object { "$($_['level']) $($_['message'])" })
        $said | Should -HaveCount 2
        $said[0] | Should -BeExactly 'warn step 0: slow'
        $said[1] | Should -BeLike 'debug step 1: *'
    }
    It 'keeps lists of one' { (Get-TestData -Operation 'batch' -Spec @{ steps = @(, @{ operation = 'agent.noop'; resource_spec = @{ one = @(, 'a'); none = @() } }) }).results[0].data.spec.one.GetType().IsArray | Should -BeTrue }
}
