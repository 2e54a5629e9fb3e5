# What the cmdlets answer: published objects made from the world's records.

function Get-FakeOwner {
    param([psobject]$World, [psobject]$Machine)
    return @{ ComputerName = $World.host.name; VMId = [guid]$Machine.id; VMName = $Machine.name }
}

function Get-FakeStatusText {
    param([psobject]$Machine)
    if (@($Machine.merges).Count -gt 0) { return 'Datentraeger werden zusammengefuehrt' }
    return 'Normaler Betrieb'
}

function Get-FakeAssigned {
    param([psobject]$Machine)
    if ($Machine.state -in 'Off', 'Saved') { return [long]0 }
    return [long]$Machine.memory.startup
}

# What a machine and a checkpoint have alike.
function Get-FakeMachineBase {
    param([psobject]$World, [psobject]$Machine, [string]$Parent)
    $parentName = ''
    foreach ($snapshot in @($Machine.snapshots)) { if ($snapshot.id -eq $Parent) { $parentName = $snapshot.name } }
    $parentId = if ($Parent -eq '') { [guid]::Empty } else { [guid]$Parent }
    return [ordered]@{
        ComputerName = $World.host.name; Id = [guid]$Machine.id; VMId = [guid]$Machine.id; Name = $Machine.name; VMName = $Machine.name
        State = $Machine.state; Generation = $Machine.generation; Version = $Machine.version; Notes = $Machine.notes
        CreationTime = ConvertFrom-FakeTime -Milliseconds $Machine.createdMs
        Path = $Machine.path; ConfigurationLocation = $Machine.path
        SnapshotFileLocation = $Machine.settings.snapshotPath; CheckpointFileLocation = $Machine.settings.snapshotPath; SmartPagingFilePath = $Machine.settings.pagingPath
        ParentSnapshotId = $parentId; ParentCheckpointId = $parentId; ParentSnapshotName = $parentName; ParentCheckpointName = $parentName
        ProcessorCount = $Machine.cpu.count; MemoryStartup = $Machine.memory.startup; DynamicMemoryEnabled = $Machine.memory.dynamic
        MemoryMinimum = $(if ($Machine.memory.dynamic) { $Machine.memory.minimum } else { $Machine.memory.startup })
        MemoryMaximum = $(if ($Machine.memory.dynamic) { $Machine.memory.maximum } else { $Machine.memory.startup })
        AutomaticStartAction = $Machine.settings.start; AutomaticStartDelay = $Machine.settings.delay; AutomaticStopAction = $Machine.settings.stop
        AutomaticCriticalErrorAction = $Machine.settings.critical; AutomaticCriticalErrorActionTimeout = $Machine.settings.criticalTimeout
        AutomaticCheckpointsEnabled = $Machine.settings.automatic; CheckpointType = $Machine.settings.checkpoints
        LockOnDisconnect = $Machine.settings.lock; GuestControlledCacheTypes = $Machine.settings.cacheTypes
        LowMemoryMappedIoSpace = [uint32]$Machine.settings.lowMmio; HighMemoryMappedIoSpace = [uint64]$Machine.settings.highMmio
        GuestStateIsolationType = $Machine.isolation; SizeOfSystemFiles = [long]49152
        NetworkAdapters = @($Machine.nics | ForEach-Object { ConvertTo-FakeNicView -World $World -Machine $Machine -Nic $_ })
        HardDrives = @($Machine.drives | Where-Object { $_.kind -eq 'hard' } | ForEach-Object { ConvertTo-FakeDriveView -World $World -Machine $Machine -Drive $_ })
        DVDDrives = @($Machine.drives | Where-Object { $_.kind -eq 'dvd' } | ForEach-Object { ConvertTo-FakeDriveView -World $World -Machine $Machine -Drive $_ })
    }
}

function ConvertTo-FakeVM {
    param([psobject]$World, [psobject]$Machine)
    $running = $Machine.state -eq 'Running'
    $assigned = Get-FakeAssigned -Machine $Machine
    $operational = @('Ok')
    if (@($Machine.merges).Count -gt 0) { $operational = @('InService', 'MergingDisks') }
    $property = Get-FakeMachineBase -World $World -Machine $Machine -Parent $Machine.parentSnapshot
    $property['CPUUsage'] = $(if ($running) { [uint16]$Machine.guest.cpuUsage } else { [uint16]0 })
    $property['MemoryAssigned'] = $assigned
    $property['MemoryDemand'] = $(if ($running) { [long]$Machine.guest.memoryDemand } else { [long]0 })
    $property['MemoryStatus'] = $(if ($running -and $Machine.memory.dynamic) { 'OK' } else { '' })
    $property['Uptime'] = $(if ($Machine.startedMs -gt 0) { [timespan]::FromMilliseconds((Get-FakeNow) - $Machine.startedMs) } else { [timespan]::Zero })
    $property['Status'] = Get-FakeStatusText -Machine $Machine
    $property['PrimaryStatusDescription'] = $property['Status']
    $property['OperationalStatus'] = [Microsoft.HyperV.PowerShell.VMOperationalStatus[]]$operational
    $property['PrimaryOperationalStatus'] = [Microsoft.HyperV.PowerShell.VMOperationalStatus]$operational[0]
    $property['SecondaryOperationalStatus'] = $(if ($operational.Count -gt 1) { [Microsoft.HyperV.PowerShell.VMOperationalStatus]$operational[1] })
    $property['Heartbeat'] = $(if (-not $running) { 'Unknown' } elseif ($Machine.guest.heartbeat) { 'OkApplicationsUnknown' } else { 'NoContact' })
    $property['IntegrationServicesState'] = ''
    $property['VMIntegrationService'] = @($Machine.services | ForEach-Object { ConvertTo-FakeServiceView -World $World -Machine $Machine -Service $_ })
    ConvertTo-FakeObject -Type 'VirtualMachine' -Property $property
}

function ConvertTo-FakeSnapshotView {
    param([psobject]$World, [psobject]$Machine, [psobject]$Snapshot)
    $config = $Snapshot.config
    $property = Get-FakeMachineBase -World $World -Machine $config -Parent ''
    $parent = @($Machine.snapshots | Where-Object { $_.id -eq $Snapshot.parent })
    $parentId = if ($parent.Count -eq 0) { [guid]::Empty } else { [guid]$parent[0].id }
    $property['Id'] = [guid]$Snapshot.id
    $property['Name'] = $Snapshot.name
    $property['VMName'] = $Machine.name
    $property['State'] = $Snapshot.state
    $property['CreationTime'] = ConvertFrom-FakeTime -Milliseconds $Snapshot.createdMs
    $property['ParentSnapshotId'] = $parentId
    $property['ParentCheckpointId'] = $parentId
    $property['ParentSnapshotName'] = $(if ($parent.Count -eq 0) { '' } else { $parent[0].name })
    $property['ParentCheckpointName'] = $property['ParentSnapshotName']
    $property['SnapshotType'] = 'Standard'
    $property['IsAutomaticCheckpoint'] = $Snapshot.automatic
    ConvertTo-FakeObject -Type 'VMSnapshot' -Property $property
}

function ConvertTo-FakeServiceView {
    param([psobject]$World, [psobject]$Machine, [psobject]$Service)
    $property = Get-FakeOwner -World $World -Machine $Machine
    $property['Name'] = $Service.name
    $property['Id'] = "Microsoft:$($Machine.id.ToUpperInvariant())\$($Service.component)"
    $property['Enabled'] = $Service.enabled
    $property['PrimaryStatusDescription'] = $(if ($Service.enabled -and $Machine.state -eq 'Running' -and $Machine.guest.heartbeat) { 'OK' } else { '' })
    $property['PrimaryOperationalStatus'] = $property['PrimaryStatusDescription']
    ConvertTo-FakeObject -Type 'VMIntegrationComponent' -Property $property
}

function ConvertTo-FakeDriveView {
    param([psobject]$World, [psobject]$Machine, [psobject]$Drive)
    $property = Get-FakeOwner -World $World -Machine $Machine
    $property['Path'] = $Drive.path
    $property['ControllerType'] = $Drive.controller
    $property['ControllerNumber'] = $Drive.number
    $property['ControllerLocation'] = $Drive.location
    $property['Name'] = $(if ($Drive.kind -eq 'dvd') { "DVD-Laufwerk auf $($Drive.controller)-Controller, Nummer $($Drive.number), Speicherort $($Drive.location)" } else { "Festplatte auf $($Drive.controller)-Controller, Nummer $($Drive.number), Speicherort $($Drive.location)" })
    $property['Id'] = "Microsoft:$($Machine.id.ToUpperInvariant())\$($Drive.id)\$($Drive.number)\$($Drive.location)\D"
    $property['PoolName'] = 'Primordial'
    if ($Drive.kind -eq 'dvd') {
        $property['DvdMediaType'] = $(if ([string]::IsNullOrEmpty($Drive.path)) { 'None' } else { 'ISO' })
        return ConvertTo-FakeObject -Type 'DvdDrive' -Property $property
    }
    $property['MaximumIOPS'] = [uint64]$Drive.iopsMaximum
    $property['MinimumIOPS'] = [uint64]$Drive.iopsMinimum
    $property['SupportPersistentReservations'] = $Drive.shared
    $property['WriteHardeningMethod'] = $Drive.cache
    ConvertTo-FakeObject -Type 'HardDiskDrive' -Property $property
}

function ConvertTo-FakeVlanView {
    param([psobject]$World, [psobject]$Machine, [psobject]$Nic, [object]$Parent)
    $property = Get-FakeOwner -World $World -Machine $Machine
    $vlan = $Nic.vlan
    $property['OperationMode'] = $vlan.mode
    $property['AccessVlanId'] = $vlan.access
    $property['NativeVlanId'] = $vlan.native
    $property['AllowedVlanIdListString'] = $vlan.allowed
    $property['AllowedVlanIdList'] = [int[]]@(ConvertFrom-FakeVlanList -Text $vlan.allowed)
    $property['PrivateVlanMode'] = $vlan.private
    $property['PrimaryVlanId'] = $vlan.primary
    $property['SecondaryVlanId'] = $vlan.secondary
    $property['SecondaryVlanIdList'] = [int[]]@(ConvertFrom-FakeVlanList -Text $vlan.secondaries)
    $property['ParentAdapter'] = $Parent
    ConvertTo-FakeObject -Type 'VMNetworkAdapterVlanSetting' -Property $property
}

function ConvertTo-FakeNicView {
    param([psobject]$World, [psobject]$Machine, [psobject]$Nic)
    $property = Get-FakeOwner -World $World -Machine $Machine
    $switch = @($World.switches | Where-Object { $_.name -eq $Nic.switch })
    $bandwidth = Get-FakeOwner -World $World -Machine $Machine
    # Null while nothing was ever set, as on Windows.
    if ($Nic.bandwidthMaximum + $Nic.bandwidthMinimum + $Nic.bandwidthWeight -gt 0) {
        $bandwidth['MaximumBandwidth'] = [long]$Nic.bandwidthMaximum
        $bandwidth['MinimumBandwidthAbsolute'] = [long]$Nic.bandwidthMinimum
        $bandwidth['MinimumBandwidthWeight'] = [uint32]$Nic.bandwidthWeight
        $property['BandwidthSetting'] = ConvertTo-FakeObject -Type 'VMNetworkAdapterBandwidthSetting' -Property $bandwidth
    }
    $property['Name'] = $Nic.name
    $property['Id'] = "Microsoft:$($Machine.id.ToUpperInvariant())\$($Nic.id)"
    $property['SwitchName'] = $Nic.switch
    $property['SwitchId'] = $(if ($switch.Count -eq 0) { $null } else { [guid]$switch[0].id })
    $property['Connected'] = $switch.Count -gt 0
    $property['MacAddress'] = $Nic.mac
    $property['DynamicMacAddressEnabled'] = $Nic.dynamic
    $property['IsLegacy'] = $Nic.legacy
    $property['MacAddressSpoofing'] = $Nic.spoofing
    $property['DhcpGuard'] = $Nic.dhcpGuard
    $property['RouterGuard'] = $Nic.routerGuard
    $property['AllowTeaming'] = $Nic.teaming
    $property['PortMirroringMode'] = $Nic.mirroring
    $property['IeeePriorityTag'] = $Nic.priorityTag
    $property['DeviceNaming'] = $Nic.naming
    $property['StormLimit'] = [uint32]$Nic.stormLimit
    $property['VmqWeight'] = [uint32]$Nic.vmqWeight
    $property['IovWeight'] = [uint32]$Nic.iovWeight
    $property['IPAddresses'] = [string[]]@()
    if ($Machine.state -eq 'Running' -and $Machine.guest.kvp -and @($Machine.nics)[0].id -eq $Nic.id) { $property['IPAddresses'] = [string[]]@($Machine.guest.addresses) }
    $adapter = ConvertTo-FakeObject -Type 'VMNetworkAdapter' -Property $property
    $adapter.VlanSetting = ConvertTo-FakeVlanView -World $World -Machine $Machine -Nic $Nic -Parent $null
    return , $adapter
}

function ConvertTo-FakeMemoryView {
    param([psobject]$World, [psobject]$Machine)
    $property = Get-FakeOwner -World $World -Machine $Machine
    $memory = $Machine.memory
    $property['DynamicMemoryEnabled'] = $memory.dynamic
    $property['Startup'] = $memory.startup
    $property['Minimum'] = $memory.minimum
    $property['Maximum'] = $memory.maximum
    $property['Buffer'] = $memory.buffer
    $property['Priority'] = $memory.priority
    $property['MaximumPerNumaNode'] = [long]($memory.perNode / 1MB)
    ConvertTo-FakeObject -Type 'VMMemory' -Property $property
}

function ConvertTo-FakeProcessorView {
    param([psobject]$World, [psobject]$Machine)
    $property = Get-FakeOwner -World $World -Machine $Machine
    $cpu = $Machine.cpu
    $property['Count'] = $cpu.count
    $property['Reserve'] = $cpu.reserve
    $property['Maximum'] = $cpu.maximum
    $property['RelativeWeight'] = $cpu.weight
    $property['ExposeVirtualizationExtensions'] = $cpu.nested
    $property['CompatibilityForMigrationEnabled'] = $cpu.compatible
    $property['CompatibilityForOlderOperatingSystemsEnabled'] = $cpu.older
    $property['HwThreadCountPerCore'] = $cpu.threads
    $property['MaximumCountPerNumaNode'] = $cpu.perNode
    $property['MaximumCountPerNumaSocket'] = $cpu.perSocket
    $property['EnableHostResourceProtection'] = $cpu.protection
    ConvertTo-FakeObject -Type 'VMProcessor' -Property $property
}

$script:FakeTemplates = [ordered]@{
    MicrosoftWindows = '1734c6e8-3154-4dda-ba5f-a874cc483422'
    MicrosoftUEFICertificateAuthority = '272e7447-90a4-4563-a4b9-8e4ab00526ce'
    OpenSourceShieldedVM = '4292ae2b-ee2c-42b5-a969-dd8f8689f6f3'
}

function ConvertTo-FakeFirmwareView {
    param([psobject]$World, [psobject]$Machine)
    $property = Get-FakeOwner -World $World -Machine $Machine
    $property['SecureBoot'] = $Machine.firmware.secureBoot
    $property['SecureBootTemplate'] = $Machine.firmware.template
    $property['SecureBootTemplateId'] = [guid]$script:FakeTemplates[$Machine.firmware.template]
    $property['PauseAfterBootFailure'] = $Machine.firmware.pause
    $property['PreferredNetworkBootProtocol'] = $Machine.firmware.protocol
    $property['ConsoleMode'] = $Machine.firmware.console
    $property['BootOrder'] = @(Get-FakeBootOrder -Machine $Machine | ForEach-Object {
            $source = Get-FakeOwner -World $World -Machine $Machine
            $drive = @($Machine.drives | Where-Object id -EQ $_)
            $nic = @($Machine.nics | Where-Object id -EQ $_)
            if ($drive.Count -gt 0) {
                $source['BootType'] = 'Drive'
                $source['Name'] = 'EFI SCSI Device'
                $source['Device'] = ConvertTo-FakeDriveView -World $World -Machine $Machine -Drive $drive[0]
            } else {
                $source['BootType'] = 'Network'
                $source['Name'] = 'EFI Network'
                $source['Device'] = ConvertTo-FakeNicView -World $World -Machine $Machine -Nic $nic[0]
            }
            $source['Description'] = $source['Name']
            ConvertTo-FakeObject -Type 'VMBootSource' -Property $source
        })
    ConvertTo-FakeObject -Type 'VMFirmware' -Property $property
}

function ConvertTo-FakeBiosView {
    param([psobject]$World, [psobject]$Machine)
    $property = Get-FakeOwner -World $World -Machine $Machine
    $property['NumLockEnabled'] = $Machine.bios.numLock
    $property['StartupOrder'] = [Microsoft.HyperV.PowerShell.BootDevice[]]@($Machine.bios.order)
    ConvertTo-FakeObject -Type 'VMBios' -Property $property
}
