# What the tests of the agent share: a folder with a fake world and declared resources, the agent's functions, jobs to run.
# Dot-sourced in BeforeAll. Holds no test.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$script:AgentFolder = [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '..', '..', '..', '..', 'agents', 'hyperv'))
$script:FakeModules = [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '..', 'fake-hyperv', 'modules'))
if (-not $env:PSModulePath.StartsWith($script:FakeModules)) { $env:PSModulePath = $script:FakeModules + [System.IO.Path]::PathSeparator + $env:PSModulePath }

# Read as one text, as the relay's bundle is.
$agentSource = New-Object System.Text.StringBuilder
foreach ($file in [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($script:AgentFolder, 'functions'), '*.ps1')) { $null = $agentSource.AppendLine([System.IO.File]::ReadAllText($file)) }
. ([scriptblock]::Create($agentSource.ToString()))

# A world of its own: $script:Rig has Folder, State, Data and Fast (storage), Resources (as host of a job).
function New-TestRig {
    param([string]$World = '{}')
    $folder = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), 'farhand-agent-' + [guid]::NewGuid().ToString('N').Substring(0, 12))
    foreach ($name in 'data', 'fast', 'images', 'outside') { $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::Combine($folder, $name)) }
    $state = [System.IO.Path]::Combine($folder, 'world.json')
    [System.IO.File]::WriteAllText($state, $World)
    $env:FAKE_HYPERV_STATE = $state
    $iso = [System.IO.Path]::Combine($folder, 'images', 'install.iso')
    [System.IO.File]::WriteAllText($iso, 'not a real image')
    $base = [System.IO.Path]::Combine($folder, 'images', 'debian.vhdx')
    Import-Module Hyper-V
    $null = New-VHD -Path $base -SizeBytes 2GB -Dynamic
    $script:Rig = @{
        Folder = $folder; State = $state; Data = [System.IO.Path]::Combine($folder, 'data'); Fast = [System.IO.Path]::Combine($folder, 'fast'); Iso = $iso; Base = $base
        Resources = [ordered]@{
            storage = [ordered]@{ default = [System.IO.Path]::Combine($folder, 'data'); fast = [System.IO.Path]::Combine($folder, 'fast') }
            networks = [ordered]@{ lan = [ordered]@{ switch = 'LAN' }; office = [ordered]@{ switch = 'LAN'; vlan = 20 }; inner = [ordered]@{ switch = 'Internal' }; gone = [ordered]@{ switch = 'Gone' } }
            images = [ordered]@{ debian = [ordered]@{ path = $base; os_family = 'linux' }; install = [ordered]@{ path = $iso } }
        }
    }
}

function Remove-TestRig {
    if ($null -ne $script:Rig) { [System.IO.Directory]::Delete($script:Rig.Folder, $true); $script:Rig = $null }
}

# The job as the relay sends it, read by the agent's own reader.
function ConvertTo-TestJob {
    param([string]$Operation, [System.Collections.IDictionary]$Spec = @{})
    $document = ConvertTo-Json -Depth 30 -Compress -InputObject ([ordered]@{ operation = $Operation; resource_spec = $Spec; host = $script:Rig.Resources; correlation_id = 'test'; metadata = @{ plan = $false } })
    ConvertTo-AgentJob -Document (ConvertFrom-AgentJson -Text $document)
}

# The result as the relay reads it: after JSON. Logs are in $script:Logs.
function Invoke-TestJob {
    param([string]$Operation, [System.Collections.IDictionary]$Spec = @{})
    $script:Logs = New-Object 'System.Collections.Generic.List[object]'
    $result = Invoke-AgentOperation -Job (ConvertTo-TestJob -Operation $Operation -Spec $Spec) -Logs $script:Logs
    $text = ConvertTo-AgentJson -Value ([ordered]@{ status = $result.Status; code = $result.Code; message = $result.Message; data = $result.Data })
    ConvertFrom-Json -InputObject $text -DateKind String
}

# The same, which must succeed: its data.
function Get-TestData {
    param([string]$Operation, [System.Collections.IDictionary]$Spec = @{})
    $result = Invoke-TestJob -Operation $Operation -Spec $Spec
    if ($result.status -cne 'success') { throw "$Operation : $($result.status) $($result.code) $($result.message) $(@($script:Logs | ForEach-Object { $_['message'] }) -join ' | ')" }
    $result.data
}

function New-TestVm {
    param([string]$Name = 'web', [System.Collections.IDictionary]$More = @{})
    $spec = [ordered]@{ name = $Name; cpus = 2; memory_bytes = 1073741824; firmware = 'uefi' }
    foreach ($key in $More.Keys) { $spec[$key] = $More[$key] }
    (Get-TestData -Operation 'vm.create' -Spec $spec).id
}

# The world's own record of a machine, past all cmdlets.
function Get-TestMachine {
    param([string]$Id)
    $world = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($script:Rig.State)) -DateKind String
    $world.vms | Where-Object { $_.id -eq $Id }
}

# Changes the world past all cmdlets.
function Edit-TestWorld {
    param([scriptblock]$Change)
    $world = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($script:Rig.State)) -DateKind String
    & $Change $world
    [System.IO.File]::WriteAllText($script:Rig.State, (ConvertTo-Json -InputObject $world -Depth 30 -Compress))
}
