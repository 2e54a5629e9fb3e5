# Changes of settings with Windows' rules: what needs the machine off, what bounds hold, what excludes what.

function Assert-FakeMemory {
    param([long]$Value)
    if ($Value -lt 32MB -or $Value -gt 240TB -or $Value % 2MB -ne 0) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Der Arbeitsspeicher muss ein Vielfaches von 2 MB und mindestens 32 MB sein.' }
}

function Assert-FakeText {
    param([string]$Value)
    if ($Value -match '[\x00-\x08\x0B\x0C\x0E-\x1F]') { Deny-FakeWork -Id 'InvalidParameter' -Message 'Der Text enthaelt Steuerzeichen.' }
}

# The dynamic bounds mean something only where memory is dynamic; live only the least may sink and the most may rise.
function Edit-FakeMemory {
    param([psobject]$World, [psobject]$Machine, [System.Collections.IDictionary]$Bound)
    $memory = Copy-FakeRecord -Record $Machine.memory
    $names = @{ StartupBytes = 'startup'; MinimumBytes = 'minimum'; MaximumBytes = 'maximum'; DynamicMemoryEnabled = 'dynamic'; Buffer = 'buffer'; Priority = 'priority'; MaximumAmountPerNumaNodeBytes = 'perNode' }
    foreach ($key in $names.Keys) { if ($Bound.ContainsKey($key)) { $memory.($names[$key]) = $Bound[$key] } }
    foreach ($key in 'StartupBytes', 'MinimumBytes', 'MaximumBytes') { if ($Bound.ContainsKey($key)) { Assert-FakeMemory -Value $Bound[$key] } }
    if ($memory.buffer -lt 5 -or $memory.buffer -gt 2000 -or $memory.priority -lt 0 -or $memory.priority -gt 100) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Puffer oder Prioritaet liegt ausserhalb der Grenzen.' }
    if (-not $memory.dynamic -and ($Bound.ContainsKey('MinimumBytes') -or $Bound.ContainsKey('MaximumBytes') -or $Bound.ContainsKey('Buffer'))) {
        Deny-FakeWork -Id 'InvalidParameter' -Message 'Diese Werte gelten nur fuer dynamischen Arbeitsspeicher.'
    }
    if ($memory.dynamic -and ($memory.minimum -gt $memory.startup -or $memory.startup -gt $memory.maximum)) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Minimum, Start und Maximum sind nicht geordnet.' }
    if ($Machine.state -ne 'Off') { Assert-FakeLiveMemory -World $World -Machine $Machine -Wanted $memory }
    $Machine.memory = $memory
}

function Assert-FakeLiveMemory {
    param([psobject]$World, [psobject]$Machine, [psobject]$Wanted)
    $now = $Machine.memory
    $refused = $Machine.state -ne 'Running' -or $Wanted.dynamic -ne $now.dynamic -or $Wanted.perNode -ne $now.perNode
    if ($Wanted.startup -ne $now.startup -and ($now.dynamic -or $Machine.generation -eq 1)) { $refused = $true }
    if ($Wanted.minimum -gt $now.minimum -or $Wanted.maximum -lt $now.maximum) { $refused = $true }
    if ($refused) { Deny-FakeWork -Id 'InvalidState' -Message 'Das Geraet "Speicher" kann in diesem Zustand nicht geaendert werden.' }
    if ($Wanted.startup -gt $now.startup) { Assert-FakeHostMemory -World $World -Bytes ($Wanted.startup - $now.startup) }
}

function Assert-FakeHostMemory {
    param([psobject]$World, [long]$Bytes)
    $used = [long]0
    foreach ($machine in @($World.vms)) { $used += Get-FakeAssigned -Machine $machine }
    if ($used + $Bytes -gt $World.host.memoryBytes) { Deny-FakeWork -Id 'OutOfMemory' -Message 'Nicht genuegend Arbeitsspeicher (0x8007000E).' }
}

function Edit-FakeProcessor {
    param([psobject]$World, [psobject]$Machine, [System.Collections.IDictionary]$Bound)
    $cpu = Copy-FakeRecord -Record $Machine.cpu
    $live = @{ Reserve = 'reserve'; Maximum = 'maximum'; RelativeWeight = 'weight' }
    $off = @{
        Count = 'count'; ExposeVirtualizationExtensions = 'nested'; CompatibilityForMigrationEnabled = 'compatible'; CompatibilityForOlderOperatingSystemsEnabled = 'older'
        HwThreadCountPerCore = 'threads'; MaximumCountPerNumaNode = 'perNode'; MaximumCountPerNumaSocket = 'perSocket'; EnableHostResourceProtection = 'protection'
    }
    foreach ($key in $off.Keys) {
        if (-not $Bound.ContainsKey($key)) { continue }
        Assert-FakeOff -Machine $Machine -What 'Das Geraet "Prozessor"'
        $cpu.($off[$key]) = $Bound[$key]
    }
    foreach ($key in $live.Keys) { if ($Bound.ContainsKey($key)) { $cpu.($live[$key]) = $Bound[$key] } }
    $most = if ($Machine.generation -eq 1) { 64 } else { 2048 }
    if ($cpu.count -lt 1 -or $cpu.count -gt [Math]::Min($most, $World.host.processors)) { Deny-FakeWork -Id 'InvalidParameter' -Message 'So viele Prozessoren sind nicht moeglich.' }
    if ($cpu.reserve -lt 0 -or $cpu.reserve -gt 100 -or $cpu.maximum -lt 1 -or $cpu.maximum -gt 100 -or $cpu.reserve -gt $cpu.maximum) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Reserve oder Obergrenze ist ungueltig.' }
    if ($cpu.weight -lt 1 -or $cpu.weight -gt 10000) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Das Gewicht ist ungueltig.' }
    if ($cpu.nested -and -not $World.host.nestedSupported) { Deny-FakeWork -Id 'NotSupported' -Message 'Der Prozessor des Hosts kann keine geschachtelte Virtualisierung.' }
    $Machine.cpu = $cpu
}

# Set-VM's many parameters, each part with the rules of its own command.
function Edit-FakeMachine {
    param([psobject]$World, [psobject]$Machine, [System.Collections.IDictionary]$Bound)
    if ($Bound.ContainsKey('StaticMemory') -and $Bound.ContainsKey('DynamicMemory')) { Deny-FakeWork -Id 'InvalidParameter' -Message 'StaticMemory und DynamicMemory schliessen sich aus.' }
    if ($Bound.ContainsKey('NewVMName')) {
        if ($Bound['NewVMName'].Length -gt 100 -or $Bound['NewVMName'] -eq '') { Deny-FakeWork -Id 'InvalidParameter' -Message 'Der Name ist ungueltig.' }
        $Machine.name = $Bound['NewVMName']
    }
    if ($Bound.ContainsKey('Notes')) { Assert-FakeText -Value $Bound['Notes']; $Machine.notes = $Bound['Notes'] }
    if ($Bound.ContainsKey('ProcessorCount')) { Edit-FakeProcessor -World $World -Machine $Machine -Bound @{ Count = $Bound['ProcessorCount'] } }
    $memory = @{}
    if ($Bound.ContainsKey('StaticMemory') -and $Bound['StaticMemory']) { $memory['DynamicMemoryEnabled'] = $false }
    if ($Bound.ContainsKey('DynamicMemory') -and $Bound['DynamicMemory']) { $memory['DynamicMemoryEnabled'] = $true }
    foreach ($key in 'Startup', 'Minimum', 'Maximum') { if ($Bound.ContainsKey("Memory${key}Bytes")) { $memory["${key}Bytes"] = $Bound["Memory${key}Bytes"] } }
    if ($memory.Count -gt 0) { Edit-FakeMemory -World $World -Machine $Machine -Bound $memory }
    Edit-FakeAutomatic -Machine $Machine -Bound $Bound
}

function Edit-FakeAutomatic {
    param([psobject]$Machine, [System.Collections.IDictionary]$Bound)
    $settings = $Machine.settings
    $off = @{ GuestControlledCacheTypes = 'cacheTypes'; LowMemoryMappedIoSpace = 'lowMmio'; HighMemoryMappedIoSpace = 'highMmio'; SmartPagingFilePath = 'pagingPath' }
    foreach ($key in $off.Keys) {
        if (-not $Bound.ContainsKey($key)) { continue }
        Assert-FakeOff -Machine $Machine -What $key
        $settings.($off[$key]) = $Bound[$key]
    }
    if ($Bound.ContainsKey('SnapshotFileLocation')) {
        if (@($Machine.snapshots).Count -gt 0) { Deny-FakeWork -Id 'InvalidState' -Message 'Der Ort der Pruefpunkte kann nicht geaendert werden, solange es welche gibt.' }
        $settings.snapshotPath = $Bound['SnapshotFileLocation']
    }
    $names = @{ AutomaticStartAction = 'start'; AutomaticStopAction = 'stop'; AutomaticCriticalErrorAction = 'critical'; CheckpointType = 'checkpoints'; LockOnDisconnect = 'lock' }
    foreach ($key in $names.Keys) { if ($Bound.ContainsKey($key)) { $settings.($names[$key]) = "$($Bound[$key])" } }
    $numbers = @{ AutomaticStartDelay = 'delay'; AutomaticCriticalErrorActionTimeout = 'criticalTimeout'; AutomaticCheckpointsEnabled = 'automatic' }
    foreach ($key in $numbers.Keys) { if ($Bound.ContainsKey($key)) { $settings.($numbers[$key]) = $Bound[$key] } }
    if ($settings.delay -lt 0) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Die Verzoegerung ist ungueltig.' }
}

# The template's name is Windows' own ("MicrosoftWindows"), not what the console shows; once a TPM was there it is fixed.
function Edit-FakeFirmware {
    param([psobject]$Machine, [System.Collections.IDictionary]$Bound)
    Assert-FakeGeneration2 -Machine $Machine
    Assert-FakeOff -Machine $Machine -What 'Die Firmware'
    $firmware = $Machine.firmware
    if ($Bound.ContainsKey('SecureBootTemplate')) {
        $template = @($script:FakeTemplates.Keys | Where-Object { $_ -eq $Bound['SecureBootTemplate'] })
        if ($template.Count -eq 0) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Diese Vorlage fuer sicheres Starten gibt es nicht.' -Target $Bound['SecureBootTemplate'] }
        if ($Machine.security.tpmEver) { Deny-FakeWork -Id 'OperationFailed' -Message 'Die Vorlage kann nach der Initialisierung des virtuellen TPMs nicht geaendert werden.' }
        $firmware.template = $template[0]
    }
    $names = @{ EnableSecureBoot = 'secureBoot'; PauseAfterBootFailure = 'pause'; PreferredNetworkBootProtocol = 'protocol'; ConsoleMode = 'console' }
    foreach ($key in $names.Keys) { if ($Bound.ContainsKey($key)) { $firmware.($names[$key]) = "$($Bound[$key])" } }
    if ($Bound.ContainsKey('BootOrder')) { $firmware.order = @($Bound['BootOrder'] | ForEach-Object { Resolve-FakeBootDevice -Machine $Machine -Device $_ }) }
    if ($Bound.ContainsKey('FirstBootDevice')) {
        $first = Resolve-FakeBootDevice -Machine $Machine -Device $Bound['FirstBootDevice']
        $firmware.order = @($first) + @(Get-FakeBootOrder -Machine $Machine | Where-Object { $_ -ne $first })
    }
}

function Resolve-FakeBootDevice {
    param([psobject]$Machine, [object]$Device)
    if ($Device -is [Microsoft.HyperV.PowerShell.VMBootSource]) { $Device = $Device.Device }
    $id = $Device.Id.Split('\')[1]
    $present = @(@($Machine.drives) + @($Machine.nics) | ForEach-Object { $_.id })
    if ($id -notin $present) { Deny-FakeWork -Id 'ObjectNotFound' -Message 'Das Startgeraet gehoert nicht zu diesem virtuellen Computer.' -Target $Device }
    return $id
}

function Edit-FakeDrive {
    param([psobject]$Drive, [System.Collections.IDictionary]$Bound)
    $most = if ($Bound.ContainsKey('MaximumIOPS')) { $Bound['MaximumIOPS'] } else { $Drive.iopsMaximum }
    $least = if ($Bound.ContainsKey('MinimumIOPS')) { $Bound['MinimumIOPS'] } else { $Drive.iopsMinimum }
    if ($most -gt 0 -and $least -gt $most) { Deny-FakeWork -Id 'InvalidParameter' -Message 'MinimumIOPS liegt ueber MaximumIOPS.' }
    $Drive.iopsMaximum = [long]$most
    $Drive.iopsMinimum = [long]$least
    if ($Bound.ContainsKey('SupportPersistentReservations')) { $Drive.shared = [bool]$Bound['SupportPersistentReservations'] }
    if ($Bound.ContainsKey('OverrideCacheAttributes')) { $Drive.cache = "$($Bound['OverrideCacheAttributes'])" }
}

# -ToController...: another slot. IDE and DVD off only.
function Move-FakeDrive {
    param([psobject]$Machine, [psobject]$Drive, [System.Collections.IDictionary]$Bound)
    $given = @('ToControllerType', 'ToControllerNumber', 'ToControllerLocation' | Where-Object { $Bound.ContainsKey($_) })
    if ($given.Count -eq 0) { return }
    $type = if ($Bound.ContainsKey('ToControllerType')) { "$($Bound['ToControllerType'])" } else { $Drive.controller }
    $number = if ($Bound.ContainsKey('ToControllerNumber')) { $Bound['ToControllerNumber'] } else { -1 }
    $location = if ($Bound.ContainsKey('ToControllerLocation')) { $Bound['ToControllerLocation'] } else { -1 }
    if ($Drive.kind -eq 'dvd' -or $type -eq 'IDE' -or $Drive.controller -eq 'IDE') { Assert-FakeOff -Machine $Machine -What 'Der Speicherort eines Laufwerks' }
    $slot = Resolve-FakeSlot -Machine $Machine -Type $type -Number $number -Location $location
    $Drive.controller = $slot.type
    $Drive.number = $slot.number
    $Drive.location = $slot.location
}

# A medium: none for an empty path; otherwise a file that is there.
function Resolve-FakeIso {
    param([string]$Path)
    if ([string]::IsNullOrEmpty($Path)) { return '' }
    $file = Get-FakeFullPath -Path $Path
    if (-not [System.IO.File]::Exists($file)) { Deny-FakeWork -Id 'InvalidParameter' -Message "Die Datei `"$file`" ist nicht vorhanden (0x80070002)." -Target $file }
    return $file
}

function ConvertTo-FakeControllerView {
    param([psobject]$World, [psobject]$Machine, [int]$Number)
    $property = Get-FakeOwner -World $World -Machine $Machine
    $property['ControllerNumber'] = $Number
    $property['Name'] = "SCSI-Controller $Number"
    $property['Id'] = "Microsoft:$($Machine.id.ToUpperInvariant())\SCSI$Number"
    $property['Drives'] = @($Machine.drives | Where-Object { $_.controller -eq 'SCSI' -and $_.number -eq $Number } | ForEach-Object { ConvertTo-FakeDriveView -World $World -Machine $Machine -Drive $_ })
    ConvertTo-FakeObject -Type 'VMScsiController' -Property $property
}

# Addresses change while the machine is off; the rest live. Minimum bandwidth as the switch counts it.
function Edit-FakeNic {
    param([psobject]$World, [psobject]$Machine, [psobject]$Nic, [System.Collections.IDictionary]$Bound)
    if ($Bound.ContainsKey('StaticMacAddress') -or $Bound.ContainsKey('DynamicMacAddress')) {
        Assert-FakeOff -Machine $Machine -What 'Die MAC-Adresse'
        $Nic.dynamic = -not $Bound.ContainsKey('StaticMacAddress')
        $Nic.mac = if ($Nic.dynamic) { '000000000000' } else { ConvertTo-FakeMac -Text $Bound['StaticMacAddress'] }
    }
    if ($Bound.ContainsKey('DeviceNaming')) { Assert-FakeOff -Machine $Machine -What 'Die Geraetebenennung'; $Nic.naming = "$($Bound['DeviceNaming'])" }
    $names = @{ MacAddressSpoofing = 'spoofing'; DhcpGuard = 'dhcpGuard'; RouterGuard = 'routerGuard'; AllowTeaming = 'teaming'; PortMirroring = 'mirroring'; IeeePriorityTag = 'priorityTag' }
    foreach ($key in $names.Keys) { if ($Bound.ContainsKey($key)) { $Nic.($names[$key]) = "$($Bound[$key])" } }
    $numbers = @{ StormLimit = 'stormLimit'; VmqWeight = 'vmqWeight'; IovWeight = 'iovWeight' }
    foreach ($key in $numbers.Keys) { if ($Bound.ContainsKey($key)) { $Nic.($numbers[$key]) = [long]$Bound[$key] } }
    if ($Nic.vmqWeight -gt 100 -or $Nic.iovWeight -gt 100) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Ein Gewicht liegt zwischen 0 und 100.' }
    Edit-FakeBandwidth -World $World -Nic $Nic -Bound $Bound
}

function Edit-FakeBandwidth {
    param([psobject]$World, [psobject]$Nic, [System.Collections.IDictionary]$Bound)
    $most = if ($Bound.ContainsKey('MaximumBandwidth')) { $Bound['MaximumBandwidth'] } else { $Nic.bandwidthMaximum }
    $least = if ($Bound.ContainsKey('MinimumBandwidthAbsolute')) { $Bound['MinimumBandwidthAbsolute'] } else { $Nic.bandwidthMinimum }
    $weight = if ($Bound.ContainsKey('MinimumBandwidthWeight')) { $Bound['MinimumBandwidthWeight'] } else { $Nic.bandwidthWeight }
    if ($most -lt 0 -or $least -lt 0 -or $weight -gt 100 -or ($most -gt 0 -and $least -gt $most)) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Die Bandbreiten sind ungueltig.' }
    $switch = @($World.switches | Where-Object { $_.name -eq $Nic.switch })
    if ($switch.Count -gt 0) {
        if ($least -gt 0 -and $switch[0].bandwidthMode -ne 'Absolute') { Deny-FakeWork -Id 'OperationFailed' -Message 'Der Switch kennt keine absolute Mindestbandbreite.' }
        if ($weight -gt 0 -and $switch[0].bandwidthMode -ne 'Weight') { Deny-FakeWork -Id 'OperationFailed' -Message 'Der Switch kennt keine gewichtete Mindestbandbreite.' }
    }
    $Nic.bandwidthMaximum = [long]$most
    $Nic.bandwidthMinimum = [long]$least
    $Nic.bandwidthWeight = [long]$weight
}

# One mode, with what it needs.
function Edit-FakeVlan {
    param([psobject]$Nic, [System.Collections.IDictionary]$Bound)
    $modes = @('Untagged', 'Access', 'Trunk', 'Isolated', 'Community', 'Promiscuous' | Where-Object { $Bound.ContainsKey($_) -and $Bound[$_] })
    if ($modes.Count -ne 1) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Es ist genau ein Modus anzugeben.' }
    $vlan = [pscustomobject]@{ mode = $modes[0]; access = 0; native = 0; allowed = ''; private = 'None'; primary = 0; secondary = 0; secondaries = '' }
    switch ($modes[0]) {
        'Access' { $vlan.access = Get-FakeVlanArgument -Bound $Bound -Key 'VlanId' }
        'Trunk' {
            if (-not $Bound.ContainsKey('AllowedVlanIdList') -or -not $Bound.ContainsKey('NativeVlanId')) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Trunk braucht NativeVlanId und AllowedVlanIdList.' }
            if ($Bound['NativeVlanId'] -lt 0 -or $Bound['NativeVlanId'] -gt 4094) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Ein VLAN liegt zwischen 0 und 4094.' }
            $null = @(ConvertFrom-FakeVlanList -Text $Bound['AllowedVlanIdList'])
            $vlan.native = $Bound['NativeVlanId']
            $vlan.allowed = $Bound['AllowedVlanIdList']
        }
        { $_ -in 'Isolated', 'Community', 'Promiscuous' } {
            $vlan.mode = 'Private'
            $vlan.private = $_
            $vlan.primary = Get-FakeVlanArgument -Bound $Bound -Key 'PrimaryVlanId'
            if ($_ -eq 'Promiscuous') { $vlan.secondaries = "$($Bound['SecondaryVlanIdList'])" } else { $vlan.secondary = Get-FakeVlanArgument -Bound $Bound -Key 'SecondaryVlanId' }
        }
    }
    $Nic.vlan = $vlan
}

function Get-FakeVlanArgument {
    param([System.Collections.IDictionary]$Bound, [string]$Key)
    if (-not $Bound.ContainsKey($Key) -or $Bound[$Key] -lt 1 -or $Bound[$Key] -gt 4094) { Deny-FakeWork -Id 'InvalidParameter' -Message "$Key liegt zwischen 1 und 4094." }
    return $Bound[$Key]
}

# Names are those of Windows' language; an English name finds nothing here.
function Resolve-FakeService {
    param([psobject]$Machine, [string[]]$Name)
    if ($null -eq $Name) { return @($Machine.services) }
    foreach ($pattern in $Name) {
        $found = @($Machine.services | Where-Object { $_.name -like $pattern })
        if ($found.Count -eq 0) { Deny-FakeWork -Id 'InvalidParameter' -Message "Es wurde kein Integrationsdienst mit dem Namen $pattern gefunden." -Target $pattern }
        $found
    }
}

function Edit-FakeService {
    param([psobject]$World, [object]$Service, [object]$VM, [object]$VMName, [string[]]$Name, [bool]$Enabled, [bool]$Passthru)
    $targets = @()
    if ($null -ne $Service) {
        foreach ($item in @($Service)) {
            $machine = Resolve-FakeVM -World $World -VM ([pscustomobject]@{ Id = $item.VMId })
            $component = $item.Id.Split('\')[1]
            $targets += @($machine.services | Where-Object { $_.component -eq $component } | ForEach-Object { [pscustomobject]@{ machine = $machine; service = $_ } })
        }
    } else {
        foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $VMName)) {
            $targets += @(Resolve-FakeService -Machine $machine -Name $Name | ForEach-Object { [pscustomobject]@{ machine = $machine; service = $_ } })
        }
    }
    foreach ($target in $targets) {
        $target.service.enabled = $Enabled
        if ($Passthru) { ConvertTo-FakeServiceView -World $World -Machine $target.machine -Service $target.service }
    }
}
