# Export and import: a folder with the configuration (<id>.vmcx, JSON here), copies of the disks and the checkpoints' files.

function Get-FakeDiskOf {
    param([psobject]$Machine)
    $paths = @()
    $all = @($Machine.drives) + @($Machine.snapshots | ForEach-Object { $_.config.drives })
    foreach ($drive in @($all | Where-Object kind -EQ 'hard')) {
        foreach ($path in (Get-FakeChain -Path $drive.path)) { if ($path -notin $paths) { $paths += $path } }
    }
    return , $paths
}

# Copies disk files into a folder and answers old paths with new ones; parents inside the copies are the copies.
function Copy-FakeDiskSet {
    param([string[]]$Path, [string]$Folder)
    $moved = @{}
    foreach ($item in $Path) { $moved[$item] = [System.IO.Path]::Combine($Folder, [System.IO.Path]::GetFileName($item)) }
    foreach ($target in $moved.Values) { if ([System.IO.File]::Exists($target)) { Deny-FakeDisk -Path $target -Text 'Die Datei ist vorhanden.' -Code '0x80070050' } }
    $null = [System.IO.Directory]::CreateDirectory($Folder)
    foreach ($item in $Path) {
        $vhd = Get-FakeVhd -Path $item
        if ($moved.ContainsKey($vhd.parent)) { $vhd.parent = $moved[$vhd.parent] }
        Write-FakeVhd -Path $moved[$item] -Vhd $vhd
    }
    return $moved
}

function Edit-FakeDrivePath {
    param([psobject]$Machine, [hashtable]$Moved)
    $all = @($Machine.drives) + @($Machine.snapshots | ForEach-Object { $_.config.drives })
    foreach ($drive in @($all | Where-Object { $null -ne $_ -and $_.kind -eq 'hard' })) {
        if ($Moved.ContainsKey($drive.path)) { $drive.path = $Moved[$drive.path] }
    }
}

function Export-FakeMachine {
    param([psobject]$Machine, [string]$Path)
    $folder = [System.IO.Path]::Combine($Path, $Machine.name)
    if ([System.IO.Directory]::Exists($folder)) { Deny-FakeDisk -Path $folder -Text 'Die Datei ist vorhanden.' -Code '0x80070050' }
    $copy = Copy-FakeRecord -Record $Machine
    $disks = Get-FakeDiskOf -Machine $Machine
    foreach ($item in 'Virtual Machines', 'Virtual Hard Disks', 'Snapshots') { $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::Combine($folder, $item)) }
    Edit-FakeDrivePath -Machine $copy -Moved (Copy-FakeDiskSet -Path $disks -Folder ([System.IO.Path]::Combine($folder, 'Virtual Hard Disks')))
    if ($copy.state -ne 'Off') { $copy.state = 'Saved' }
    $copy.guest.items = @()
    $file = [System.IO.Path]::Combine($folder, 'Virtual Machines', "$($Machine.id.ToUpperInvariant()).vmcx")
    [System.IO.File]::WriteAllText($file, (ConvertTo-Json -InputObject $copy -Depth 30 -Compress), [System.Text.UTF8Encoding]::new($false))
}

# A planned machine from a configuration file: seen by nobody but through its report, until it is imported.
function Add-FakePlanned {
    param([psobject]$World, [string]$Path, [bool]$Copy, [bool]$NewId, [string]$VhdDestination, [string]$VmPath)
    if (-not [System.IO.File]::Exists($Path)) { Deny-FakeWork -Id 'ObjectNotFound' -Message "Die Konfigurationsdatei `"$Path`" wurde nicht gefunden (0x80070002)." -Target $Path }
    $machine = Copy-FakeRecord -Record (ConvertFrom-FakeConfigFile -Path $Path)
    if ($NewId) { $machine.id = [guid]::NewGuid().ToString() }
    $World.vms = @($World.vms | Where-Object { -not ($_.planned -and $_.id -eq $machine.id) })
    if (@($World.vms | Where-Object { $_.id -eq $machine.id }).Count -gt 0) { Deny-FakeWork -Id 'OperationFailed' -Message 'Der Bezeichner ist bereits vorhanden (0x800700B7).' }
    $root = [System.IO.Path]::GetDirectoryName([System.IO.Path]::GetDirectoryName($Path))
    # A folder that was moved as a whole: disks are found beside the configuration.
    $moved = @{}
    foreach ($drive in @($machine.drives | Where-Object kind -EQ 'hard')) {
        $beside = [System.IO.Path]::Combine($root, 'Virtual Hard Disks', [System.IO.Path]::GetFileName($drive.path))
        if (-not [System.IO.File]::Exists($drive.path) -and [System.IO.File]::Exists($beside)) { $moved[$drive.path] = $beside }
    }
    Edit-FakeDrivePath -Machine $machine -Moved $moved
    if ($VhdDestination -eq '') { $VhdDestination = $World.host.virtualHardDiskPath }
    $machine.path = if ($VmPath -ne '') { $VmPath } elseif ($Copy) { $World.host.virtualMachinePath } else { $root }
    $machine.settings.snapshotPath = $machine.path
    $machine.settings.pagingPath = $machine.path
    $machine.planned = $true
    $machine | Add-Member -NotePropertyName plan -NotePropertyValue ([pscustomobject]@{ source = $Path; copy = $Copy; newId = $NewId; vhds = $VhdDestination }) -Force
    $World.vms = @($World.vms) + $machine
    return $machine
}

function ConvertFrom-FakeConfigFile {
    param([string]$Path)
    $option = @{}
    if ((Get-Command ConvertFrom-Json).Parameters.ContainsKey('DateKind')) { $option['DateKind'] = 'String' }
    try { $machine = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($Path)) @option } catch { $machine = $null }
    if ($null -eq $machine -or $null -eq $machine.PSObject.Properties['generation']) { Deny-FakeWork -Id 'OperationFailed' -Message 'Die Konfiguration ist nicht lesbar (0x80070570).' -Target $Path }
    return $machine
}

function Get-FakeIncompatibility {
    param([psobject]$World, [psobject]$Machine)
    foreach ($nic in @($Machine.nics)) {
        if ($nic.switch -ne '' -and @($World.switches | Where-Object { $_.name -eq $nic.switch }).Count -eq 0) {
            ConvertTo-FakeObject -Type 'VMIncompatibility' -Property @{ MessageId = 33012; Message = "Der Ethernet-Switch $($nic.switch) wurde nicht gefunden."; Source = (ConvertTo-FakeNicView -World $World -Machine $Machine -Nic $nic) }
        }
    }
    foreach ($drive in @($Machine.drives | Where-Object kind -EQ 'hard')) {
        if (-not [System.IO.File]::Exists($drive.path)) {
            ConvertTo-FakeObject -Type 'VMIncompatibility' -Property @{ MessageId = 40010; Message = "Die Festplatte $($drive.path) wurde nicht gefunden."; Source = (ConvertTo-FakeDriveView -World $World -Machine $Machine -Drive $drive) }
        }
    }
    if ($Machine.state -eq 'Off' -and $Machine.cpu.count -gt $World.host.processors) {
        ConvertTo-FakeObject -Type 'VMIncompatibility' -Property @{ MessageId = 14420; Message = 'Zu viele Prozessoren.'; Source = (ConvertTo-FakeProcessorView -World $World -Machine $Machine) }
    }
}

function ConvertTo-FakeReport {
    param([psobject]$World, [psobject]$Machine)
    $issues = @(Get-FakeIncompatibility -World $World -Machine $Machine)
    ConvertTo-FakeObject -Type 'VMCompatibilityReport' -Property @{
        ComputerName = $World.host.name; VM = (ConvertTo-FakeVM -World $World -Machine $Machine); OperationType = 'ImportVirtualMachine'
        Destination = $World.host.name; Path = $Machine.plan.source; VhdDestinationPath = $Machine.plan.vhds; Incompatibilities = $(if ($issues.Count -gt 0) { $issues } else { $null })
    }
}

# The planned machine becomes a real one; with new addresses when it is a copy with a new identity.
function Complete-FakeImport {
    param([psobject]$World, [psobject]$Machine)
    if (@(Get-FakeIncompatibility -World $World -Machine $Machine).Count -gt 0) {
        Deny-FakeWork -Id 'OperationFailed' -Message 'Der Import ist wegen Konfigurationsfehlern nicht moeglich; Compare-VM nennt sie.'
    }
    if ($Machine.plan.copy) {
        Edit-FakeDrivePath -Machine $Machine -Moved (Copy-FakeDiskSet -Path (Get-FakeDiskOf -Machine $Machine) -Folder $Machine.plan.vhds)
    }
    if ($Machine.plan.newId) {
        foreach ($nic in @($Machine.nics)) { if ($nic.dynamic) { $nic.mac = '000000000000' } }
    }
    $Machine.PSObject.Properties.Remove('plan')
    $Machine.planned = $false
}
