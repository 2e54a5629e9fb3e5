# Devices of a machine: drives, adapters, the order of booting, and their rules.

# Ids of devices in the order of booting; what was added later comes last, what is gone is left out.
function Get-FakeBootOrder {
    param([psobject]$Machine)
    $present = @(@($Machine.drives) + @($Machine.nics) | ForEach-Object { $_.id })
    $order = @($Machine.firmware.order | Where-Object { $_ -in $present })
    return $order + @($present | Where-Object { $_ -notin $order })
}

function Assert-FakeGeneration2 {
    param([psobject]$Machine)
    if ($Machine.generation -ne 2) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Ein virtueller Computer der Generation 1 hat keine UEFI-Firmware.' }
}

function Assert-FakeGeneration1 {
    param([psobject]$Machine)
    if ($Machine.generation -ne 1) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Ein virtueller Computer der Generation 2 hat kein BIOS.' }
}

# The controller's bounds: IDE has 2 x 2 slots, SCSI 64 on each of at most 4 controllers.
function Resolve-FakeSlot {
    param([psobject]$Machine, [string]$Type, [int]$Number = -1, [int]$Location = -1)
    if ($Type -eq '') { $Type = if ($Machine.generation -eq 1) { 'IDE' } else { 'SCSI' } }
    if ($Type -eq 'IDE' -and $Machine.generation -eq 2) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Ein virtueller Computer der Generation 2 hat keinen IDE-Controller.' }
    $controllers = if ($Type -eq 'IDE') { 2 } else { $Machine.scsi }
    $places = if ($Type -eq 'IDE') { 2 } else { 64 }
    if ($Number -ge $controllers -or $Location -ge $places) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Diesen Controller oder Speicherort gibt es nicht.' }
    $taken = @($Machine.drives | Where-Object { $_.controller -eq $Type } | ForEach-Object { "$($_.number):$($_.location)" })
    if ($Number -ge 0 -and $Location -ge 0) {
        if ("${Number}:$Location" -in $taken) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Der Speicherort ist bereits belegt.' }
        return [pscustomobject]@{ type = $Type; number = $Number; location = $Location }
    }
    for ($n = 0; $n -lt $controllers; $n++) {
        if ($Number -ge 0 -and $n -ne $Number) { continue }
        for ($l = 0; $l -lt $places; $l++) {
            if ($Location -ge 0 -and $l -ne $Location) { continue }
            if ("${n}:$l" -notin $taken) { return [pscustomobject]@{ type = $Type; number = $n; location = $l } }
        }
    }
    Deny-FakeWork -Id 'InvalidParameter' -Message 'Es ist kein Speicherort frei.'
}

function Add-FakeDrive {
    param([psobject]$Machine, [string]$Kind, [psobject]$Slot, [string]$Path)
    if ($Slot.type -eq 'IDE') { Assert-FakeOff -Machine $Machine -What 'Ein IDE-Controller' }
    $drive = [pscustomobject]@{
        id = [guid]::NewGuid().ToString().ToUpperInvariant(); kind = $Kind; controller = $Slot.type; number = $Slot.number; location = $Slot.location
        path = $Path; iopsMaximum = 0; iopsMinimum = 0; shared = $false; cache = 'Default'
    }
    $Machine.drives = @($Machine.drives) + $drive
    return $drive
}

# The record behind a published drive or adapter.
function Resolve-FakeDevice {
    param([psobject]$World, [object]$Device)
    $machine = Resolve-FakeVM -World $World -VM ([pscustomobject]@{ Id = $Device.VMId })
    $parts = $Device.Id.Split('\')
    $found = @(@($machine.drives) + @($machine.nics) | Where-Object { $_.id -eq $parts[1] })
    if ($found.Count -eq 0) { Deny-FakeWork -Id 'ObjectNotFound' -Message 'Das Objekt wurde nicht gefunden.' -Target $Device }
    return [pscustomobject]@{ machine = $machine; device = $found[0] }
}

# By its slot; an empty slot is an error.
function Resolve-FakeDriveSlot {
    param([psobject]$Machine, [string]$Kind, [string]$Type, [int]$Number, [int]$Location)
    $found = @($Machine.drives | Where-Object { $_.kind -eq $Kind -and ($Type -eq '' -or $_.controller -eq $Type) -and $_.number -eq $Number -and $_.location -eq $Location })
    if ($found.Count -eq 0) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Dort ist kein Laufwerk.' }
    return $found[0]
}

function Assert-FakeSwitch {
    param([psobject]$World, [string]$Name)
    if (@($World.switches | Where-Object { $_.name -eq $Name }).Count -eq 0) {
        Deny-FakeWork -Id 'InvalidParameter' -Message "Es wurde kein virtueller Switch mit dem Namen $Name gefunden." -Target $Name
    }
}

# Twelve hexadecimal digits; dashes and colons are taken, a group address is not.
function ConvertTo-FakeMac {
    param([string]$Text)
    $mac = ($Text -replace '[-:.]', '').ToUpperInvariant()
    if ($mac -notmatch '^[0-9A-F][02468ACE][0-9A-F]{10}$') { Deny-FakeWork -Id 'InvalidParameter' -Message "$Text ist keine gueltige MAC-Adresse." -Target $Text }
    return $mac
}

# "1-3,7" as numbers; anything else, and numbers over 4094, are refused.
function ConvertFrom-FakeVlanList {
    param([string]$Text)
    if ([string]::IsNullOrEmpty($Text)) { return }
    foreach ($part in $Text.Split(',')) {
        if ($part -notmatch '^\s*(\d{1,4})(-(\d{1,4}))?\s*$') { Deny-FakeWork -Id 'InvalidParameter' -Message 'Das ist keine Liste von VLANs.' }
        $first = [int]$Matches[1]
        $last = if ($Matches.ContainsKey(3)) { [int]$Matches[3] } else { $first }
        if ($last -gt 4094 -or $first -lt 0) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Ein VLAN liegt zwischen 0 und 4094.' }
        $first..$last
    }
}

# Adapters by object, or of a machine by name (wildcards; none named: all).
function Resolve-FakeNic {
    param([psobject]$World, [object]$Adapter, [object]$VM, [object]$VMName, [string]$Name = '', [bool]$MustExist = $true)
    if ($null -ne $Adapter) {
        foreach ($item in @($Adapter)) { Resolve-FakeDevice -World $World -Device $item }
        return
    }
    foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $VMName)) {
        $found = @($machine.nics | Where-Object { $Name -eq '' -or $_.name -like $Name })
        if ($found.Count -eq 0 -and $Name -ne '' -and $MustExist) { Deny-FakeWork -Id 'InvalidParameter' -Message "Es wurde kein Netzwerkadapter mit dem Namen $Name gefunden." -Target $Name }
        foreach ($nic in $found) { [pscustomobject]@{ machine = $machine; device = $nic } }
    }
}
