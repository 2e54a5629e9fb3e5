# The world: one JSON file that FAKE_HYPERV_STATE names, read and written under an exclusive lock for as long as one cmdlet
# works (not while it waits), so that processes one after another see one world, and parallel ones take turns.

$script:FakeCache = $null

function Get-FakeNow {
    [long]([System.DateTime]::UtcNow - [System.DateTime]::new(1970, 1, 1, 0, 0, 0, [System.DateTimeKind]::Utc)).TotalMilliseconds
}

function ConvertFrom-FakeTime {
    param([long]$Milliseconds)
    [System.DateTime]::new(1970, 1, 1, 0, 0, 0, [System.DateTimeKind]::Utc).AddMilliseconds($Milliseconds).ToLocalTime()
}

function Get-FakeStatePath {
    $path = [System.Environment]::GetEnvironmentVariable('FAKE_HYPERV_STATE')
    if ([string]::IsNullOrEmpty($path)) { throw 'This is the fake Hyper-V module: FAKE_HYPERV_STATE must name its state file.' }
    return $path
}

# Waits for its turn, a minute at most.
function Open-FakeLock {
    param([string]$Path)
    $until = Get-FakeNow
    $until += 60000
    while ($true) {
        try {
            return [System.IO.File]::Open("$Path.lock", 'OpenOrCreate', 'ReadWrite', 'None')
        } catch [System.IO.IOException] {
            if ((Get-FakeNow) -gt $until -or $_.Exception.GetBaseException() -is [System.IO.DirectoryNotFoundException]) { throw }
            [System.Threading.Thread]::Sleep(5)
        }
    }
}

# A hand-written world may leave out what has a usual value.
function Add-FakeDefault {
    param([psobject]$Target, [System.Collections.IDictionary]$Default)
    foreach ($key in $Default.Keys) {
        if ($null -eq $Target.PSObject.Properties[$key]) { $Target | Add-Member -NotePropertyName $key -NotePropertyValue $Default[$key] }
    }
    return $Target
}

function Get-FakeWorldDefault {
    param([string]$Folder)
    return [ordered]@{
        host = [pscustomobject]@{}
        timing = [pscustomobject]@{}
        delays = [pscustomobject]@{}
        switches = @(
            [pscustomobject]@{ name = 'LAN'; type = 'External' }
            [pscustomobject]@{ name = 'Internal'; type = 'Internal' }
        )
        vms = @()
        jobs = @()
        faults = @()
        calls = @()
        record = $false
        folder = $Folder
    }
}

function Complete-FakeWorld {
    param([psobject]$World, [string]$Path)
    $folder = [System.IO.Path]::GetDirectoryName([System.IO.Path]::GetFullPath($Path))
    $World = Add-FakeDefault -Target $World -Default (Get-FakeWorldDefault -Folder $folder)
    $null = Add-FakeDefault -Target $World.timing -Default @{ mergeMs = 0; shutdownMs = 0; hangMs = 600000; jobMs = 0; asyncKvp = $false }
    $null = Add-FakeDefault -Target $World.host -Default @{
        name = 'FAKEHOST'; access = 'administrators'; client = $false; memoryBytes = 64GB; processors = 16
        virtualMachinePath = [System.IO.Path]::Combine($World.folder, 'Virtual Machines')
        virtualHardDiskPath = [System.IO.Path]::Combine($World.folder, 'Virtual Hard Disks')
        nestedSupported = $true; tpmSupported = $true; macPrefix = '00155D0A'; nextMac = 1; kvpKeysMax = 64
    }
    foreach ($item in @($World.switches)) {
        $null = Add-FakeDefault -Target $item -Default @{ id = [guid]::NewGuid().ToString(); type = 'External'; notes = ''; bandwidthMode = 'Absolute' }
    }
    return $World
}

function Read-FakeWorld {
    param([string]$Path)
    if (-not [System.IO.File]::Exists($Path)) { throw "The fake Hyper-V module finds no world at $Path; New-FakeHyperVWorld makes one." }
    $text = [System.IO.File]::ReadAllText($Path)
    if ($null -ne $script:FakeCache -and $script:FakeCache.Path -eq $Path -and $script:FakeCache.Text -ceq $text) { return $script:FakeCache.World }
    $script:FakeCache = $null
    # PowerShell 7 would make a date of text that looks like one.
    $option = @{}
    if ((Get-Command ConvertFrom-Json).Parameters.ContainsKey('DateKind')) { $option['DateKind'] = 'String' }
    return Complete-FakeWorld -World (ConvertFrom-Json -InputObject $text @option) -Path $Path
}

# Beside the file first, then in its place: a killed process leaves the old world or the new one.
function Write-FakeWorld {
    param([psobject]$World, [string]$Path)
    $text = ConvertTo-Json -InputObject $World -Depth 30 -Compress
    if ($null -ne $script:FakeCache -and $script:FakeCache.Path -eq $Path -and $script:FakeCache.Text -ceq $text) { return }
    $script:FakeCache = $null
    $aside = "$Path.new"
    [System.IO.File]::WriteAllText($aside, $text, [System.Text.UTF8Encoding]::new($false))
    [System.IO.File]::Replace($aside, $Path, [NullString]::Value)
    $script:FakeCache = [pscustomobject]@{ Path = $Path; World = $World; Text = $text }
}

# Runs the body with the world and keeps what it changed, also when it failed: so does Windows.
# Answers what it wrote; an error of it is thrown after the world was written and the lock was given back.
function Invoke-FakeWorld {
    param([scriptblock]$FakeBody)
    $fakePath = Get-FakeStatePath
    $fakeLock = Open-FakeLock -Path $fakePath
    try {
        $fakeWorld = Read-FakeWorld -Path $fakePath
        Resolve-FakePending -World $fakeWorld
        try {
            $fakeOutput = @(& $FakeBody $fakeWorld)
        } finally {
            Write-FakeWorld -World $fakeWorld -Path $fakePath
        }
    } finally {
        $fakeLock.Dispose()
    }
    return , $fakeOutput
}
