# Checkpoints: a copy of the machine's settings, and differencing disks (.avhdx) under what the machine goes on with.

function Get-FakeConfig {
    param([psobject]$Machine)
    $config = Copy-FakeRecord -Record $Machine
    $config.snapshots = @()
    $config.merges = @()
    return $config
}

# A new differencing disk beside the one it stands on.
function Add-FakeOverlay {
    param([string]$Parent)
    $extension = if ((Get-FakeVhdFormat -Path $Parent) -eq 'VHD') { 'avhd' } else { 'avhdx' }
    $name = [System.IO.Path]::GetFileNameWithoutExtension($Parent) -replace '_[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$', ''
    $file = "{0}_{1}.{2}" -f $name, [guid]::NewGuid().ToString().ToUpperInvariant(), $extension
    $path = [System.IO.Path]::Combine([System.IO.Path]::GetDirectoryName($Parent), $file)
    $null = Add-FakeVhd -Path $path -Type 'Differencing' -Size (Get-FakeVhd -Path $Parent).size -Parent $Parent
    return $path
}

# Production checkpoints hold no memory; they need a guest that can be stilled, ProductionOnly refuses one that cannot.
function Get-FakeSnapshotState {
    param([psobject]$Machine)
    if ($Machine.state -eq 'Off') { return 'Off' }
    if ($Machine.state -eq 'Saved' -or $Machine.settings.checkpoints -eq 'Standard') { return 'Saved' }
    $vss = @($Machine.services | Where-Object { $_.component -eq '5CED1297-4598-4915-A5FC-AD21BB4D02A4' })[0]
    if ($Machine.guest.vss -and $vss.enabled -and $Machine.state -eq 'Running') { return 'Off' }
    if ($Machine.settings.checkpoints -eq 'ProductionOnly') { Deny-FakeWork -Id 'OperationFailed' -Message 'Es kann kein Produktionspruefpunkt erstellt werden.' }
    return 'Saved'
}

function Add-FakeSnapshot {
    param([psobject]$Machine, [string]$Name, [bool]$Automatic = $false)
    Assert-FakeNotMerging -Machine $Machine
    if ($Machine.state -notin 'Off', 'Running', 'Saved', 'Paused') { Deny-FakeWork -Id 'InvalidState' -Message 'In diesem Zustand ist kein Pruefpunkt moeglich.' }
    if ($Machine.settings.checkpoints -eq 'Disabled') { Deny-FakeWork -Id 'InvalidState' -Message 'Pruefpunkte sind deaktiviert.' }
    if (@($Machine.snapshots).Count -ge 50) { Deny-FakeWork -Id 'OperationFailed' -Message 'Mehr als 50 Pruefpunkte sind nicht moeglich.' }
    $hard = @($Machine.drives | Where-Object kind -EQ 'hard')
    foreach ($drive in $hard) {
        if ($drive.shared) { Deny-FakeWork -Id 'InvalidState' -Message 'Freigegebene Festplatten erlauben keinen Pruefpunkt.' }
        $null = Get-FakeChain -Path $drive.path
    }
    $state = Get-FakeSnapshotState -Machine $Machine
    $snapshot = [pscustomobject]@{
        id = [guid]::NewGuid().ToString(); name = $Name; parent = $Machine.parentSnapshot; createdMs = Get-FakeNow; state = $state
        automatic = $Automatic; config = (Get-FakeConfig -Machine $Machine)
    }
    foreach ($drive in $hard) { $drive.path = Add-FakeOverlay -Parent $drive.path }
    $Machine.snapshots = @($Machine.snapshots) + $snapshot
    $Machine.parentSnapshot = $snapshot.id
    return $snapshot
}

# The machine's own disks go (they are differencing ones that nothing stands on), new ones stand on the checkpoint's.
function Restore-FakeSnapshot {
    param([psobject]$World, [psobject]$Machine, [psobject]$Snapshot)
    Assert-FakeNotMerging -Machine $Machine
    $config = Copy-FakeRecord -Record $Snapshot.config
    $old = @($Machine.drives | Where-Object kind -EQ 'hard' | ForEach-Object { $_.path })
    $others = @($Machine.snapshots | ForEach-Object { $_.config.drives } | Where-Object kind -EQ 'hard' | ForEach-Object { $_.path })
    foreach ($drive in @($config.drives | Where-Object kind -EQ 'hard')) { $drive.path = Add-FakeOverlay -Parent $drive.path }
    foreach ($key in 'cpu', 'memory', 'firmware', 'bios', 'security', 'settings', 'scsi', 'drives', 'nics', 'services', 'notes', 'name') { $Machine.$key = $config.$key }
    $Machine.state = $Snapshot.state
    $Machine.startedMs = 0
    $Machine.stoppingUntilMs = 0
    $Machine.parentSnapshot = $Snapshot.id
    foreach ($path in $old) {
        if ($path -notin $others -and @(Get-FakeChild -World $World -Path $path).Count -eq 0 -and $path -match '\.avhdx?$') { [System.IO.File]::Delete($path) }
    }
}

# Takes the checkpoint away; disks that only it kept go, a disk with one successor takes that one up (a merge, which may last).
function Clear-FakeSnapshot {
    param([psobject]$World, [psobject]$Machine, [psobject]$Snapshot)
    $Machine.snapshots = @($Machine.snapshots | Where-Object { $_.id -ne $Snapshot.id })
    foreach ($other in @($Machine.snapshots)) { if ($other.parent -eq $Snapshot.id) { $other.parent = $Snapshot.parent } }
    if ($Machine.parentSnapshot -eq $Snapshot.id) { $Machine.parentSnapshot = $Snapshot.parent }
    $until = (Get-FakeNow) + $World.timing.mergeMs
    foreach ($drive in @($Snapshot.config.drives | Where-Object kind -EQ 'hard')) {
        $children = @(Get-FakeChild -World $World -Path $drive.path)
        $inUse = @($Machine.drives | Where-Object { $_.path -eq $drive.path }).Count -gt 0
        if ($children.Count -eq 1 -and -not $inUse) {
            $merge = [pscustomobject]@{ child = $children[0]; parent = $drive.path; untilMs = $until }
            if ($World.timing.mergeMs -gt 0) { $Machine.merges = @($Machine.merges) + $merge } else { Complete-FakeMerge -World $World -Machine $Machine -Merge $merge }
        } elseif ($children.Count -eq 0 -and -not $inUse -and $drive.path -match '\.avhdx?$') {
            [System.IO.File]::Delete($drive.path)
        }
    }
}

# Whoever had the child has the parent now.
function Complete-FakeMerge {
    param([psobject]$World, [psobject]$Machine, [psobject]$Merge)
    foreach ($grandchild in @(Get-FakeChild -World $World -Path $Merge.child)) {
        $vhd = Get-FakeVhd -Path $grandchild
        $vhd.parent = $Merge.parent
        Write-FakeVhd -Path $grandchild -Vhd $vhd
    }
    Merge-FakeVhd -Child $Merge.child -Parent $Merge.parent
    $drives = @($Machine.drives) + @($Machine.snapshots | ForEach-Object { $_.config.drives })
    foreach ($drive in $drives) { if ($drive.path -eq $Merge.child) { $drive.path = $Merge.parent } }
    foreach ($other in @($Machine.merges)) {
        if ($other.child -eq $Merge.child) { continue }
        if ($other.parent -eq $Merge.child) { $other.parent = $Merge.parent }
    }
}

# Checkpoints by object, or by machine and name (wildcards).
function Resolve-FakeSnapshot {
    param([psobject]$World, [object]$Snapshot, [object]$VM, [object]$VMName, [object]$Name)
    if ($null -ne $Snapshot) {
        foreach ($item in @($Snapshot)) {
            $machine = Resolve-FakeVM -World $World -VM ([pscustomobject]@{ Id = $item.VMId })
            $found = @($machine.snapshots | Where-Object { $_.id -eq $item.Id.ToString() })
            if ($found.Count -eq 0) { Deny-FakeWork -Id 'ObjectNotFound' -Message 'Das Objekt wurde nicht gefunden.' -Target $item }
            [pscustomobject]@{ machine = $machine; snapshot = $found[0] }
        }
        return
    }
    foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $VMName)) {
        $patterns = if ($null -eq $Name) { @('*') } else { @($Name) }
        foreach ($pattern in $patterns) {
            $found = @($machine.snapshots | Where-Object { $_.name -like $pattern })
            if ($found.Count -eq 0 -and -not [System.Management.Automation.WildcardPattern]::ContainsWildcardCharacters($pattern)) {
                Deny-FakeWork -Id 'InvalidParameter' -Message "Es wurde kein Pruefpunkt mit dem Namen $pattern gefunden." -Target $pattern
            }
            foreach ($item in $found) { [pscustomobject]@{ machine = $machine; snapshot = $item } }
        }
    }
}

# For Get-VM... -VMSnapshot: the settings that the checkpoint holds; of machines else.
function Resolve-FakeSource {
    param([psobject]$World, [object]$VM, [object]$VMName, [object]$Snapshot)
    if ($null -ne $Snapshot) { return @(Resolve-FakeSnapshot -World $World -Snapshot $Snapshot | ForEach-Object { $_.snapshot.config }) }
    return @(Resolve-FakeVM -World $World -VM $VM -Name $VMName)
}
