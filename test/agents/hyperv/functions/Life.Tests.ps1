# agent.ps1 as the relay runs it: a process for each job, one JSON document on its output whatever happens; a machine's life.
BeforeAll {
    . (Join-Path $PSScriptRoot 'rig.ps1')
    New-TestRig
    $script:Powershell = [System.Diagnostics.Process]::GetCurrentProcess().MainModule.FileName

    # The bytes that the agent wrote, and how it ended. -Script: another copy of the agent.
    function Invoke-TestProcess {
        param([byte[]]$Bytes, [string]$Script = ([System.IO.Path]::Combine($script:AgentFolder, 'agent.ps1')))
        $start = New-Object System.Diagnostics.ProcessStartInfo $script:Powershell
        foreach ($word in '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', $Script) { $start.ArgumentList.Add($word) }
        $start.RedirectStandardInput = $true
        $start.RedirectStandardOutput = $true
        $start.RedirectStandardError = $true
        $process = [System.Diagnostics.Process]::Start($start)
        $output = New-Object System.IO.MemoryStream
        $errors = $process.StandardError.ReadToEndAsync()
        $copy = $process.StandardOutput.BaseStream.CopyToAsync($output)
        try { $process.StandardInput.BaseStream.Write($Bytes, 0, $Bytes.Length); $process.StandardInput.Close() } catch { Write-Debug "The agent read no more: $_" }
        if (-not $process.WaitForExit(120000)) { $process.Kill($true); throw 'The agent did not end.' }
        $null = $copy.Wait(10000)
        $text = (New-Object System.Text.UTF8Encoding $false, $true).GetString($output.ToArray())
        @{ Exit = $process.ExitCode; Text = $text; Error = $errors.Result; Result = (ConvertFrom-Json -InputObject $text -DateKind String) }
    }
    function Invoke-TestLife {
        param([string]$Operation, [System.Collections.IDictionary]$Spec)
        $document = ConvertTo-Json -Depth 30 -Compress -InputObject ([ordered]@{ operation = $Operation; resource_spec = $Spec; host = $script:Rig.Resources; correlation_id = "life-$Operation"; metadata = @{ plan = $false; debug = $false } })
        $run = Invoke-TestProcess -Bytes ([System.Text.Encoding]::UTF8.GetBytes($document))
        $run.Exit | Should -Be 0
        $run.Result.correlation_id | Should -BeExactly "life-$Operation"
        if ($run.Result.status -cne 'success') { throw "$Operation : $($run.Text)" }
        $run.Result.data
    }
    # A copy of the agent whose functions a test can spoil.
    function Copy-TestAgent {
        $folder = [System.IO.Path]::Combine($script:Rig.Folder, 'agent-' + [guid]::NewGuid().ToString('N'))
        Copy-Item -Path $script:AgentFolder -Destination $folder -Recurse
        $folder
    }
}
AfterAll { Remove-TestRig }

Describe 'agent.ps1' {
    It 'runs create, update, snapshot, revert, clone and delete, in processes that know nothing of each other' {
        $vm = (Invoke-TestLife -Operation 'vm.create' -Spec @{ name = 'life'; cpus = 2; memory_bytes = 1GB; os_family = 'linux'; secure_boot = $true; description = "sch$([char]0xf6)n $([char]::ConvertFromUtf32(0x1f600))" }).id
        $made = Invoke-TestLife -Operation 'batch' -Spec @{ steps = @(
                @{ operation = 'disk.create'; resource_spec = @{ vm = $vm; image = 'debian'; size_bytes = 8GB } }, @{ operation = 'nic.create'; resource_spec = @{ vm = $vm; network = 'office' } }
            )
        }
        $made.results[0].data.id | Should -BeLike 'disk-*'
        $saved = Invoke-TestLife -Operation 'batch' -Spec @{ steps = @(@{ operation = 'vm.update'; resource_spec = @{ vm = $vm; cpus = 4; tpm = $true } }, @{ operation = 'snapshot.create'; resource_spec = @{ vm = $vm; name = 'before' } }) }
        $saved.results[0].data.changed | Should -Be @('cpus', 'tpm')
        (Invoke-TestLife -Operation 'vm.start' -Spec @{ vm = $vm }).state | Should -BeExactly 'running'
        $stopped = Invoke-TestLife -Operation 'batch' -Spec @{ steps = @(@{ operation = 'vm.shutdown'; resource_spec = @{ vm = $vm; wait_ms = 60000 } }, @{ operation = 'vm.update'; resource_spec = @{ vm = $vm; cpus = 8 } }) }
        $stopped.results[0].data.forced | Should -BeFalse
        (Invoke-TestLife -Operation 'snapshot.revert' -Spec @{ vm = $vm; snapshot = 'before' }).state | Should -BeExactly 'off'
        $view = Invoke-TestLife -Operation 'vm.get' -Spec @{ vm = $vm }
        $view.cpus | Should -Be 4
        $view.description | Should -BeExactly "sch$([char]0xf6)n $([char]::ConvertFromUtf32(0x1f600))"
        $view.disks[0].size_bytes | Should -Be 8GB
        $null = Invoke-TestLife -Operation 'disk.clone' -Spec @{ vm = $vm; disk = $view.disks[0].id; name = 'copy'; attach_to = $vm; snapshot = 'before' }
        $gone = Invoke-TestLife -Operation 'batch' -Spec @{ steps = @(@{ operation = 'vm.delete'; resource_spec = @{ vm = $vm; delete_disks = $true } }, @{ operation = 'vm.list' }) }
        $gone.results[0].data.deleted_disks | Should -Be @('disk0', 'copy')
        @($gone.results[1].data.items).Count | Should -Be 0
        @([System.IO.Directory]::GetFileSystemEntries($script:Rig.Data)).Count | Should -Be 0
    }
    It 'carries 1 MiB of signs there and back' {
        $text = ("$([char]0xe4)$([char]0x4e2d)$([char]::ConvertFromUtf32(0x1f600))`"\`$(x)``'" * 60000)
        $bytes = [System.Text.Encoding]::UTF8.GetBytes('{"operation":"agent.noop","resource_spec":' + (ConvertTo-AgentJson -Value @{ text = $text; one = @(, 'a'); none = @(); deep = @{ a = @{ b = @{ c = @{ d = 1 } } } } }) + '}')
        $bytes.Length | Should -BeGreaterThan 1048576
        $run = Invoke-TestProcess -Bytes $bytes
        $run.Result.data.spec.text | Should -BeExactly $text
        $run.Text | Should -Match '"one":\["a"\]'
        $run.Text | Should -Match '"none":\[\]'
        $run.Result.data.spec.deep.a.b.c.d | Should -Be 1
    }
    It 'answers <Name> with one document, <Code>, and exit code 0' -ForEach @(
        @{ Name = 'nothing'; Bytes = [byte[]]@(); Code = 'AGENT_PROTOCOL' }, @{ Name = 'no JSON'; Bytes = [System.Text.Encoding]::UTF8.GetBytes('{"operation":'); Code = 'AGENT_PROTOCOL' }, @{ Name = 'no UTF-8'; Bytes = [byte[]](0x22, 0xff, 0xfe, 0x22); Code = 'AGENT_PROTOCOL' }
        @{ Name = 'more than 4 MiB'; Bytes = (New-Object byte[] 4194400); Code = 'AGENT_PROTOCOL' }, @{ Name = 'no such operation'; Bytes = [System.Text.Encoding]::UTF8.GetBytes('{"operation":"no.such"}'); Code = 'OPERATION_UNKNOWN' }
    ) {
        $run = Invoke-TestProcess -Bytes $Bytes
        $run.Exit | Should -Be 0
        $run.Result.code | Should -BeExactly $Code
        $run.Error | Should -BeNullOrEmpty
    }
    It 'is the only one on the output, whatever else writes to it' {
        $folder = Copy-TestAgent
        Add-Content -LiteralPath ([System.IO.Path]::Combine($folder, 'functions', 'Import-AgentModule.ps1')) -Value @'
function Invoke-VmList {
    param($Job)
    $null = $Job
    'stray'; Write-Host 'host'; Write-Warning 'warning'; Write-Error 'error' -ErrorAction Continue; [Console]::WriteLine('console'); [Console]::Error.WriteLine('console error'); [Console]::Out.Write('{"status":"success"}')
    Write-Progress -Activity 'x' -Status 'y'
    New-AgentResult -Message 'done' -Data @{ items = @() }
}
'@
        Remove-Item -LiteralPath ([System.IO.Path]::Combine($folder, 'functions', 'Invoke-VmList.ps1'))
        $run = Invoke-TestProcess -Bytes ([System.Text.Encoding]::UTF8.GetBytes('{"operation":"vm.list"}')) -Script ([System.IO.Path]::Combine($folder, 'agent.ps1'))
        $run.Result.status | Should -BeExactly 'success'
        $run.Error | Should -BeNullOrEmpty
        foreach ($word in 'stray', 'host', 'warning', 'error', 'console', 'console error') { @($run.Result.logs | Where-Object { $_.message -eq $word }).Count | Should -Be 1 -Because $word }
    }
    It 'answers when a function of it cannot be parsed' {
        $folder = Copy-TestAgent
        Set-Content -LiteralPath ([System.IO.Path]::Combine($folder, 'functions', 'Read-AgentInput.ps1')) -Value 'function Read-AgentInput { "unfinished'
        $run = Invoke-TestProcess -Bytes ([System.Text.Encoding]::UTF8.GetBytes('{}')) -Script ([System.IO.Path]::Combine($folder, 'agent.ps1'))
        $run.Exit | Should -Be 0
        $run.Result.code | Should -BeExactly 'DRIVER_FAILED'
        $run.Result.logs.GetType().IsArray | Should -BeTrue
    }
    It 'answers when a function of it crashes' {
        $folder = Copy-TestAgent
        Set-Content -LiteralPath ([System.IO.Path]::Combine($folder, 'functions', 'Invoke-Agent.ps1')) -Value "function Invoke-Agent { throw `"broken `$([char]34) \ `$([char]0xe4)`" }"
        $run = Invoke-TestProcess -Bytes ([System.Text.Encoding]::UTF8.GetBytes('{}')) -Script ([System.IO.Path]::Combine($folder, 'agent.ps1'))
        $run.Exit | Should -Be 0
        $run.Result.code | Should -BeExactly 'DRIVER_FAILED'
        $run.Result.message | Should -BeLike '*broken*'
    }
    It 'runs as one file too, as the relay carries it' {
        $file = [System.IO.Path]::Combine($script:Rig.Folder, 'bundle.ps1')
        $text = ''
        foreach ($one in [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($script:AgentFolder, 'functions'), '*.ps1')) { $text += [System.IO.File]::ReadAllText($one) }
        [System.IO.File]::WriteAllText($file, $text + [System.IO.File]::ReadAllText([System.IO.Path]::Combine($script:AgentFolder, 'agent.ps1')))
        (Invoke-TestProcess -Bytes ([System.Text.Encoding]::UTF8.GetBytes('{"operation":"vm.list"}')) -Script $file).Result.data.items.GetType().IsArray | Should -BeTrue
    }
    It 'does not wait for a Stop-VM that hangs' {
        $steps = @(@{ operation = 'vm.create'; resource_spec = @{ name = 'stuck'; cpus = 1; memory_bytes = 1GB } }, @{ operation = 'vm.start'; resource_spec = @{ vm = @{ '$result' = 0; path = 'id' } } })
        $vm = (Invoke-TestLife -Operation 'batch' -Spec @{ steps = $steps }).results[0].data.id
        Edit-TestWorld { param($world) ($world.vms | Where-Object { $_.id -eq $vm }).guest.shutdown = 'ignore' }
        (Invoke-TestLife -Operation 'vm.shutdown' -Spec @{ vm = $vm; wait_ms = 500; force = $true }).forced | Should -BeTrue
    }
}
