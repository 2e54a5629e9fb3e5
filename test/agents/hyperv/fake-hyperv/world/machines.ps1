# Machines as the world keeps them: made, found, and the rules on their state.

$script:FakeServices = @(
    @{ name = 'Herunterfahren'; component = '9F8233AC-BE49-4C79-8EE3-E7E1985B2077'; enabled = $true }
    @{ name = 'Zeitsynchronisierung'; component = '2497F4DE-E9FA-4204-80E4-4B75C46419C0'; enabled = $true }
    @{ name = 'Datenaustausch'; component = '2A34B1C2-FD73-4043-8A5B-DD2159BC743F'; enabled = $true }
    @{ name = 'Takt'; component = '84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47'; enabled = $true }
    @{ name = 'VSS (Volumeschattenkopie-Dienst)'; component = '5CED1297-4598-4915-A5FC-AD21BB4D02A4'; enabled = $true }
    @{ name = 'Gastdienstschnittstelle'; component = '6C09BB55-D683-4DA0-8931-C9BF705F6480'; enabled = $false }
)

function Get-FakeNewMac {
    param([psobject]$World)
    $mac = '{0}{1:X4}' -f $World.host.macPrefix, [int]$World.host.nextMac
    $World.host.nextMac++
    return $mac
}

function Add-FakeNic {
    param([psobject]$Machine, [string]$Name, [string]$Switch = '', [bool]$Legacy = $false, [string]$Mac = '')
    $nic = [pscustomobject]@{
        id = [guid]::NewGuid().ToString().ToUpperInvariant(); name = $Name; switch = $Switch; legacy = $Legacy
        dynamic = ($Mac -eq ''); mac = $(if ($Mac -eq '') { '000000000000' } else { $Mac })
        spoofing = 'Off'; dhcpGuard = 'Off'; routerGuard = 'Off'; teaming = 'Off'; mirroring = 'None'; priorityTag = 'Off'; naming = 'Off'
        stormLimit = 0; vmqWeight = 100; iovWeight = 0; bandwidthMaximum = 0; bandwidthMinimum = 0; bandwidthWeight = 0
        vlan = [pscustomobject]@{ mode = 'Untagged'; access = 0; native = 0; allowed = ''; private = 'None'; primary = 0; secondary = 0; secondaries = '' }
    }
    $Machine.nics = @($Machine.nics) + $nic
    return $nic
}

function Add-FakeMachine {
    param([psobject]$World, [string]$Name, [int]$Generation, [long]$Memory, [string]$Path, [string]$Isolation = 'Disabled')
    $machine = [pscustomobject]@{
        id = [guid]::NewGuid().ToString(); name = $Name; generation = $Generation; version = '11.0'; state = 'Off'; planned = $false
        path = $Path; notes = ''; createdMs = Get-FakeNow; startedMs = 0; stoppingUntilMs = 0; resetAfter = $false; isolation = $Isolation
        cpu = [pscustomobject]@{ count = 1; reserve = 0; maximum = 100; weight = 100; nested = $false; compatible = $false; older = $false; threads = 0; perNode = 16; perSocket = 1; protection = $false }
        memory = [pscustomobject]@{ dynamic = $false; startup = $Memory; minimum = 512MB; maximum = 1TB; buffer = 20; priority = 50; perNode = 32GB }
        firmware = [pscustomobject]@{ secureBoot = 'On'; template = 'MicrosoftWindows'; pause = 'Off'; protocol = 'IPv4'; console = 'Default'; order = @() }
        bios = [pscustomobject]@{ order = @('CD', 'IDE', 'LegacyNetworkAdapter', 'Floppy'); numLock = $false }
        security = [pscustomobject]@{ protector = ''; tpm = $false; tpmEver = $false }
        settings = [pscustomobject]@{
            start = 'StartIfRunning'; delay = 0; stop = 'Save'; critical = 'Pause'; criticalTimeout = 30; checkpoints = 'Production'
            automatic = [bool]$World.host.client; lock = 'Off'; cacheTypes = $false; lowMmio = 128MB; highMmio = 512MB; snapshotPath = $Path; pagingPath = $Path
        }
        scsi = 1; drives = @(); nics = @(); kvp = @(); snapshots = @(); parentSnapshot = ''; merges = @()
        services = @($script:FakeServices | ForEach-Object { [pscustomobject]@{ name = $_.name; component = $_.component; enabled = $_.enabled } })
        guest = [pscustomobject]@{ shutdown = 'ok'; heartbeat = $true; kvp = $true; vss = $true; addresses = @(); osName = ''; items = @(); keys = @(); memoryDemand = 0; cpuUsage = 0; screen = 'bars' }
    }
    $World.vms = @($World.vms) + $machine
    return $machine
}

# By object (Id), by Id, or by name with wildcards; an unknown name is an error, a wildcard without a match is not.
function Resolve-FakeVM {
    param([psobject]$World, [object]$VM, [object]$Name, [object]$Id)
    if ($null -ne $VM) {
        foreach ($item in @($VM)) {
            $found = @($World.vms | Where-Object { $_.id -eq $item.Id.ToString() })
            if ($found.Count -eq 0) { Deny-FakeWork -Id 'ObjectNotFound' -Message 'Das Objekt wurde nicht gefunden.' -Target $item }
            $found[0]
        }
        return
    }
    if ($null -ne $Id) {
        $found = @($World.vms | Where-Object { $_.id -eq "$Id" -and -not $_.planned })
        if ($found.Count -eq 0) { Deny-FakeWork -Id 'InvalidParameter' -Message "Es wurde kein virtueller Computer mit der ID $Id gefunden." -Target $Id }
        return $found
    }
    foreach ($pattern in @($Name)) {
        $found = @($World.vms | Where-Object { $_.name -like $pattern -and -not $_.planned })
        if ($found.Count -eq 0 -and -not [System.Management.Automation.WildcardPattern]::ContainsWildcardCharacters($pattern)) {
            Deny-FakeWork -Id 'InvalidParameter' -Message "Es wurde kein virtueller Computer mit dem Namen $pattern gefunden." -Target $pattern
        }
        $found
    }
}

function Test-FakeOff {
    param([psobject]$Machine)
    return $Machine.state -eq 'Off'
}

function Assert-FakeOff {
    param([psobject]$Machine, [string]$What)
    if (-not (Test-FakeOff -Machine $Machine)) {
        Deny-FakeWork -Id 'InvalidState' -Message "$What kann nicht geaendert werden, solange der virtuelle Computer nicht ausgeschaltet ist."
    }
}

function Assert-FakeNotMerging {
    param([psobject]$Machine)
    if (@($Machine.merges).Count -gt 0) { Deny-FakeWork -Id 'InvalidState' -Message 'Datentraeger werden zusammengefuehrt.' }
}

# What processes left to happen later: guests that shut down, merges that end.
function Resolve-FakePending {
    param([psobject]$World)
    $now = Get-FakeNow
    foreach ($machine in @($World.vms)) {
        if ($machine.state -eq 'Stopping' -and $machine.stoppingUntilMs -gt 0 -and $machine.stoppingUntilMs -le $now) {
            $machine.stoppingUntilMs = 0
            $machine.state = 'Off'
            $machine.startedMs = 0
            if ($machine.resetAfter) { $machine.resetAfter = $false; $machine.state = 'Running'; $machine.startedMs = $now }
        }
        if (@($machine.merges).Count -gt 0) {
            foreach ($merge in @($machine.merges | Where-Object { $_.untilMs -le $now })) { Complete-FakeMerge -World $World -Machine $machine -Merge $merge }
            $machine.merges = @($machine.merges | Where-Object { $_.untilMs -gt $now })
        }
    }
    foreach ($job in @($World.jobs)) { if ($job.state -eq 4 -and $job.untilMs -le $now) { $job.state = 7 } }
}

function Copy-FakeRecord {
    param([psobject]$Record)
    $option = @{}
    if ((Get-Command ConvertFrom-Json).Parameters.ContainsKey('DateKind')) { $option['DateKind'] = 'String' }
    return ConvertFrom-Json -InputObject (ConvertTo-Json -InputObject $Record -Depth 30 -Compress) @option
}
