# Virtual disks: a .vhd, .vhdx or .avhdx file here is a small JSON text with what a real one's header says, and a list of
# lines that stands for what guests wrote, so that a copy, a merge and a revert can be told from their opposites.

function Get-FakeFullPath {
    param([string]$Path)
    if ($Path -match '^[\\/]{2}|^[A-Za-z]:[\\/]' -or [System.IO.Path]::IsPathRooted($Path)) { return $Path }
    return [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PWD.ProviderPath, $Path))
}

function Deny-FakeDisk {
    param([string]$Path, [string]$Text, [string]$Code, [string]$Id = 'OperationFailed')
    Deny-FakeWork -Id $Id -Message "Fehler beim Zugriff auf `"$Path`": $Text ($Code)." -Target $Path
}

function Get-FakeVhd {
    param([string]$Path)
    if (-not [System.IO.File]::Exists($Path)) { Deny-FakeWork -Id 'InvalidParameter' -Message "`"$Path`" ist keine vorhandene virtuelle Festplattendatei." -Target $Path }
    $vhd = $null
    try { $vhd = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($Path)) } catch { $vhd = $null }
    if ($null -eq $vhd -or $null -eq $vhd.PSObject.Properties['fakeVhd']) { Deny-FakeDisk -Path $Path -Text 'Die Datei ist beschaedigt und nicht lesbar.' -Code '0xC03A0014' }
    return $vhd
}

function Write-FakeVhd {
    param([string]$Path, [psobject]$Vhd)
    [System.IO.File]::WriteAllText($Path, (ConvertTo-Json -InputObject $Vhd -Compress), [System.Text.UTF8Encoding]::new($false))
}

function Get-FakeVhdFormat {
    param([string]$Path)
    switch ([System.IO.Path]::GetExtension($Path).ToLowerInvariant()) {
        '.vhd' { return 'VHD' }
        '.avhd' { return 'VHD' }
        '.vhdx' { return 'VHDX' }
        '.avhdx' { return 'VHDX' }
        '.vhds' { return 'VHDSet' }
    }
    Deny-FakeDisk -Path $Path -Text 'Kein Anbieter fuer diese Dateinamenerweiterung.' -Code '0xC03A0014' -Id 'InvalidParameter'
}

# A new disk file; refuses one that is there, a folder that is not, a size that no disk has.
function Add-FakeVhd {
    param([string]$Path, [string]$Type, [long]$Size, [string]$Parent = '', [long]$Block = 0, [long]$Logical = 512, [long]$Physical = 4096, [object[]]$Data = @())
    $format = Get-FakeVhdFormat -Path $Path
    if ([System.IO.File]::Exists($Path)) { Deny-FakeDisk -Path $Path -Text 'Die Datei ist vorhanden.' -Code '0x80070050' }
    if (-not [System.IO.Directory]::Exists([System.IO.Path]::GetDirectoryName($Path))) { Deny-FakeDisk -Path $Path -Text 'Das System kann den angegebenen Pfad nicht finden.' -Code '0x80070003' }
    $most = if ($format -eq 'VHD') { 2040GB } else { 64TB }
    if ($Size -lt 3MB -or $Size -gt $most -or $Size % 4096 -ne 0) { Deny-FakeDisk -Path $Path -Text 'Falscher Parameter.' -Code '0x80070057' -Id 'InvalidParameter' }
    if ($Block -eq 0) { $Block = if ($format -eq 'VHD') { 2MB } elseif ($Type -eq 'Fixed') { 0 } else { 32MB } }
    $vhd = [pscustomobject]@{
        fakeVhd = 1; id = [guid]::NewGuid().ToString().ToUpperInvariant(); format = $format; type = $Type; size = $Size
        fileSize = $(if ($Type -eq 'Fixed') { $Size } else { 4MB }); parent = $Parent; block = $Block; logical = $Logical; physical = $Physical; data = @($Data)
    }
    Write-FakeVhd -Path $Path -Vhd $vhd
    return $vhd
}

# The file and what it stands on, itself first; a missing parent ends it with an error.
function Get-FakeChain {
    param([string]$Path)
    $paths = @()
    while ($Path -ne '') {
        if ($Path -in $paths) { Deny-FakeDisk -Path $Path -Text 'Die Kette ist ein Kreis.' -Code '0xC03A000E' }
        if ($paths.Count -gt 0 -and -not [System.IO.File]::Exists($Path)) { Deny-FakeDisk -Path $Path -Text 'Die uebergeordnete Festplatte fehlt.' -Code '0xC03A000D' }
        $vhd = Get-FakeVhd -Path $Path
        $paths += $Path
        $Path = $vhd.parent
    }
    return , $paths
}

# Everything that guests wrote, oldest first.
function Get-FakeVhdData {
    param([string]$Path)
    $lines = @()
    foreach ($part in (Get-FakeChain -Path $Path)) { $lines = @((Get-FakeVhd -Path $part).data) + $lines }
    return , $lines
}

# Machines that hold the file open: as the disk they write to, or below it.
function Get-FakeHolder {
    param([psobject]$World, [string]$Path, [bool]$LeafOnly = $false, [string]$Except = '')
    foreach ($machine in @($World.vms)) {
        if ($machine.state -in 'Off', 'Saved' -or $machine.planned -or $machine.id -eq $Except) { continue }
        foreach ($drive in @($machine.drives | Where-Object kind -EQ 'hard')) {
            if ($drive.path -eq $Path) { $machine; break }
            if ($LeafOnly -or -not [System.IO.File]::Exists($drive.path)) { continue }
            if ($Path -in (Get-FakeChain -Path $drive.path)) { $machine; break }
        }
    }
}

function Assert-FakeFree {
    param([psobject]$World, [string]$Path, [bool]$LeafOnly = $false, [string]$Except = '')
    if (@(Get-FakeHolder -World $World -Path $Path -LeafOnly $LeafOnly -Except $Except).Count -gt 0) {
        Deny-FakeDisk -Path $Path -Text 'Der Prozess kann nicht auf die Datei zugreifen, da sie von einem anderen Prozess verwendet wird.' -Code '0x80070020'
    }
}

# Disk files of machines and their checkpoints that stand directly on this one.
function Get-FakeChild {
    param([psobject]$World, [string]$Path)
    $known = @()
    foreach ($machine in @($World.vms)) {
        $known += @($machine.drives | Where-Object kind -EQ 'hard' | ForEach-Object { $_.path })
        foreach ($snapshot in @($machine.snapshots)) { $known += @($snapshot.config.drives | Where-Object kind -EQ 'hard' | ForEach-Object { $_.path }) }
    }
    foreach ($item in @($known | Select-Object -Unique)) {
        if ([System.IO.File]::Exists($item) -and (Get-FakeVhd -Path $item).parent -eq $Path) { $item }
    }
}

# What is in the child goes to the parent's file; the child's file goes.
function Merge-FakeVhd {
    param([string]$Child, [string]$Parent)
    $lower = Get-FakeVhd -Path $Parent
    $size = (Get-FakeVhd -Path $Child).size
    $lines = @()
    foreach ($part in (Get-FakeChain -Path $Child)) {
        if ($part -eq $Parent) { break }
        $lines = @((Get-FakeVhd -Path $part).data) + $lines
    }
    $lower.data = @($lower.data) + $lines
    $lower.size = $size
    Write-FakeVhd -Path $Parent -Vhd $lower
    [System.IO.File]::Delete($Child)
}

function ConvertTo-FakeVhdView {
    param([psobject]$World, [string]$Path)
    $vhd = Get-FakeVhd -Path $Path
    ConvertTo-FakeObject -Type 'Microsoft.Vhd.PowerShell.VirtualHardDisk' -Property @{
        ComputerName = $World.host.name; Path = $Path; VhdFormat = $vhd.format; VhdType = $vhd.type; Size = $vhd.size
        FileSize = [uint64]$vhd.fileSize; LogicalSectorSize = [uint32]$vhd.logical; PhysicalSectorSize = [uint32]$vhd.physical
        BlockSize = [uint32]$vhd.block; ParentPath = $vhd.parent; DiskIdentifier = $vhd.id; FragmentationPercentage = 0; Alignment = 1
        Attached = @(Get-FakeHolder -World $World -Path $Path).Count -gt 0
    }
}

# Copies, converts and flattens; the copy is another disk.
function Copy-FakeVhd {
    param([string]$Source, [string]$Destination, [string]$Type)
    $vhd = Get-FakeVhd -Path $Source
    $data = Get-FakeVhdData -Path $Source
    $null = Add-FakeVhd -Path $Destination -Type $Type -Size $vhd.size -Logical $vhd.logical -Physical $vhd.physical -Data $data
}
