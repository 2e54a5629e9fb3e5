# CIM: instances of the few classes that an agent reads, made from the world's records, and the methods that it calls.

function ConvertTo-FakeCim {
    param([string]$Class, [string]$Namespace, [System.Collections.IDictionary]$Property)
    $instance = [pscustomobject]$Property
    $instance.PSObject.TypeNames.Insert(0, 'Microsoft.Management.Infrastructure.CimInstance')
    $instance.PSObject.TypeNames.Insert(0, "Microsoft.Management.Infrastructure.CimInstance#$Namespace/$Class")
    $instance | Add-Member -NotePropertyName CimClass -NotePropertyValue ([pscustomobject]@{ CimClassName = $Class })
    $instance | Add-Member -NotePropertyName CimSystemProperties -NotePropertyValue ([pscustomobject]@{ ClassName = $Class; Namespace = $Namespace; ServerName = 'FAKEHOST' })
    return $instance
}

$script:FakeCimState = @{ Running = 2; Off = 3; Stopping = 4; Saved = 32769; Paused = 32768; Starting = 32770 }

function ConvertTo-FakeCimVM {
    param([psobject]$Machine)
    $id = $Machine.id.ToUpperInvariant()
    $state = if (@($Machine.merges).Count -gt 0) { [uint16[]]@(11, 32772) } else { [uint16[]]@(2) }
    ConvertTo-FakeCim -Class 'Msvm_ComputerSystem' -Namespace 'root/virtualization/v2' -Property ([ordered]@{
            Caption = 'Virtueller Computer'; Description = 'Virtueller Microsoft-Computer'; ElementName = $Machine.name; Name = $id
            CreationClassName = 'Msvm_ComputerSystem'; EnabledState = [uint16]$script:FakeCimState[$Machine.state]; RequestedState = [uint16]12
            HealthState = [uint16]5; OperationalStatus = $state; StatusDescriptions = [string[]]@('Normaler Betrieb')
            OnTimeInMilliseconds = [uint64]$(if ($Machine.startedMs -gt 0) { (Get-FakeNow) - $Machine.startedMs } else { 0 })
            InstallDate = ConvertFrom-FakeTime -Milliseconds $Machine.createdMs; NumberOfNumaNodes = [uint16]1
            # Another after each start.
            ProcessID = $(if ($Machine.startedMs -gt 0) { [uint32]($Machine.startedMs % 4294967291) } else { $null })
        })
}

function ConvertTo-FakeCimSetting {
    param([psobject]$Machine, [string]$Id, [string]$Name, [string]$Type, [string]$Parent = '')
    ConvertTo-FakeCim -Class 'Msvm_VirtualSystemSettingData' -Namespace 'root/virtualization/v2' -Property ([ordered]@{
            InstanceID = "Microsoft:$($Id.ToUpperInvariant())"; VirtualSystemIdentifier = $Machine.id.ToUpperInvariant(); ElementName = $Name
            VirtualSystemType = "Microsoft:Hyper-V:$Type"; VirtualSystemSubType = "Microsoft:Hyper-V:SubType:$($Machine.generation)"
            Notes = [string[]]@($Machine.notes); Version = $Machine.version; ConfigurationDataRoot = $Machine.path; Parent = $Parent
            CreationTime = ConvertFrom-FakeTime -Milliseconds $Machine.createdMs
        })
}

# Numbers of RequestedInformation, with what they bring; the rest stays null.
$script:FakeSummary = @{
    0 = 'Name'; 1 = 'ElementName'; 2 = 'CreationTime'; 3 = 'Notes'; 4 = 'NumberOfProcessors'; 100 = 'EnabledState'; 101 = 'ProcessorLoad'; 103 = 'MemoryUsage'
    104 = 'Heartbeat'; 105 = 'UpTime'; 106 = 'GuestOperatingSystem'; 109 = 'HealthState'; 110 = 'OperationalStatus'; 112 = 'MemoryAvailable'; 113 = 'AvailableMemoryBuffer'
}

function ConvertTo-FakeSummary {
    param([psobject]$Machine, [object]$Requested = $null)
    $running = $Machine.state -eq 'Running'
    $values = [ordered]@{
        Name = $Machine.id.ToUpperInvariant(); ElementName = $Machine.name; CreationTime = ConvertFrom-FakeTime -Milliseconds $Machine.createdMs
        Notes = $Machine.notes; NumberOfProcessors = [uint16]$Machine.cpu.count; EnabledState = [uint16]$script:FakeCimState[$Machine.state]
        ProcessorLoad = [uint16]$(if ($running) { $Machine.guest.cpuUsage } else { 0 }); MemoryUsage = [uint64]((Get-FakeAssigned -Machine $Machine) / 1MB)
        Heartbeat = [uint16]$(if (-not $running) { 13 } elseif ($Machine.guest.heartbeat) { 2 } else { 12 })
        UpTime = [uint64]$(if ($Machine.startedMs -gt 0) { (Get-FakeNow) - $Machine.startedMs } else { 0 })
        GuestOperatingSystem = $(if ($running) { $Machine.guest.osName } else { '' }); HealthState = [uint16]5; OperationalStatus = [uint16[]]@(2)
        MemoryAvailable = 0; AvailableMemoryBuffer = 0
    }
    if ($null -ne $Requested) {
        $wanted = @($Requested | ForEach-Object { $script:FakeSummary[[int]$_] })
        foreach ($key in @($values.Keys)) { if ($key -notin $wanted) { $values[$key] = $null } }
    }
    ConvertTo-FakeCim -Class 'Msvm_SummaryInformation' -Namespace 'root/virtualization/v2' -Property $values
}

function ConvertTo-FakeKvpXml {
    param([object[]]$Item, [int]$Source)
    foreach ($entry in $Item) {
        $name = [System.Security.SecurityElement]::Escape($entry.name)
        $data = [System.Security.SecurityElement]::Escape($entry.data)
        "<INSTANCE CLASSNAME=`"Msvm_KvpExchangeDataItem`"><PROPERTY NAME=`"Caption`" PROPAGATED=`"true`" TYPE=`"string`"></PROPERTY><PROPERTY NAME=`"Data`" TYPE=`"string`"><VALUE>$data</VALUE></PROPERTY><PROPERTY NAME=`"Name`" TYPE=`"string`"><VALUE>$name</VALUE></PROPERTY><PROPERTY NAME=`"Source`" TYPE=`"uint16`"><VALUE>$Source</VALUE></PROPERTY></INSTANCE>"
    }
}

# Only a running guest with its daemon has an exchange component.
function ConvertTo-FakeCimExchange {
    param([psobject]$Machine)
    $service = @($Machine.services | Where-Object { $_.component -eq '2A34B1C2-FD73-4043-8A5B-DD2159BC743F' })[0]
    if ($Machine.state -ne 'Running' -or -not $Machine.guest.kvp -or -not $service.enabled) { return }
    $intrinsic = @(
        [pscustomobject]@{ name = 'OSName'; data = $Machine.guest.osName }
        [pscustomobject]@{ name = 'NetworkAddressIPv4'; data = @($Machine.guest.addresses | Where-Object { $_ -notmatch ':' }) -join ';' }
    )
    ConvertTo-FakeCim -Class 'Msvm_KvpExchangeComponent' -Namespace 'root/virtualization/v2' -Property ([ordered]@{
            SystemName = $Machine.id.ToUpperInvariant(); DeviceID = "Microsoft:$($Machine.id.ToUpperInvariant())\2A34B1C2-FD73-4043-8A5B-DD2159BC743F"
            EnabledState = [uint16]2; OperationalStatus = [uint16[]]@(2)
            GuestExchangeItems = [string[]]@(ConvertTo-FakeKvpXml -Item @($Machine.guest.items) -Source 1)
            GuestIntrinsicExchangeItems = [string[]]@(ConvertTo-FakeKvpXml -Item $intrinsic -Source 2)
        })
}

function ConvertTo-FakeCimDevice {
    param([psobject]$Machine, [string]$Class)
    ConvertTo-FakeCim -Class $Class -Namespace 'root/virtualization/v2' -Property ([ordered]@{
            SystemName = $Machine.id.ToUpperInvariant(); DeviceID = "Microsoft:$($Machine.id.ToUpperInvariant())\$Class"; EnabledState = [uint16]2
        })
}

# All instances of a class; $null for a class that is not there.
function Get-FakeCimTable {
    param([psobject]$World, [string]$Class)
    $machines = @($World.vms | Where-Object { -not $_.planned })
    if ($null -ne $World.PSObject.Properties['cim'] -and $null -ne $World.cim.PSObject.Properties[$Class]) {
        return , @($World.cim.$Class | ForEach-Object { $map = [ordered]@{}; foreach ($item in $_.PSObject.Properties) { $map[$item.Name] = $item.Value }; ConvertTo-FakeCim -Class $Class -Namespace 'root/cimv2' -Property $map })
    }
    switch ($Class) {
        'Msvm_ComputerSystem' {
            $self = ConvertTo-FakeCim -Class $Class -Namespace 'root/virtualization/v2' -Property ([ordered]@{ Caption = 'Hostcomputersystem'; Description = 'Microsoft-Hostcomputersystem'; ElementName = $World.host.name; Name = $World.host.name; CreationClassName = $Class; EnabledState = [uint16]2; HealthState = [uint16]5; OperationalStatus = [uint16[]]@(2); ProcessID = $null })
            return , (@($self) + @($machines | ForEach-Object { ConvertTo-FakeCimVM -Machine $_ }))
        }
        'Msvm_VirtualSystemSettingData' { return , @($machines | ForEach-Object { Get-FakeCimSettingOf -Machine $_ }) }
        'Msvm_SummaryInformation' { return , @($machines | ForEach-Object { ConvertTo-FakeSummary -Machine $_ }) }
        'Msvm_VirtualSystemManagementService' { return , @(ConvertTo-FakeCim -Class $Class -Namespace 'root/virtualization/v2' -Property ([ordered]@{ Name = 'vmms'; SystemName = $World.host.name; CreationClassName = $Class; Started = $true; EnabledState = [uint16]2 })) }
        'Msvm_GuestNetworkAdapterConfiguration' {
            return , @($machines | Where-Object { $_.state -eq 'Running' -and @($_.nics).Count -gt 0 } | ForEach-Object {
                    ConvertTo-FakeCim -Class $Class -Namespace 'root/virtualization/v2' -Property ([ordered]@{ InstanceID = "Microsoft:GuestNetwork\$($_.id.ToUpperInvariant())"; IPAddresses = [string[]]@($_.guest.addresses) })
                })
        }
        'Msvm_KvpExchangeComponent' { return , @($machines | ForEach-Object { ConvertTo-FakeCimExchange -Machine $_ }) }
        'Msvm_KvpExchangeComponentSettingData' { return , @($machines | ForEach-Object { ConvertTo-FakeCimExchangeSetting -Machine $_ }) }
        { $_ -in 'Msvm_Keyboard', 'Msvm_ShutdownComponent' } { return , @($machines | Where-Object { $_.state -eq 'Running' } | ForEach-Object { ConvertTo-FakeCimDevice -Machine $_ -Class $Class }) }
        'Msvm_VideoHead' {
            return , @($machines | Where-Object { $_.state -eq 'Running' } | ForEach-Object {
                    $head = ConvertTo-FakeCimDevice -Machine $_ -Class $Class
                    $head | Add-Member -NotePropertyName CurrentHorizontalResolution -NotePropertyValue ([uint32]1024)
                    $head | Add-Member -NotePropertyName CurrentVerticalResolution -NotePropertyValue ([uint32]768) -PassThru
                })
        }
        'Msvm_ConcreteJob' { return , @($World.jobs | ForEach-Object { ConvertTo-FakeCimJob -Job $_ }) }
        'Win32_OperatingSystem' { return , @(ConvertTo-FakeCim -Class $Class -Namespace 'root/cimv2' -Property ([ordered]@{ Caption = 'Microsoft Windows Server 2025 (FAKE)'; Version = '10.0.26100'; BuildNumber = '26100'; CSName = $World.host.name; TotalVisibleMemorySize = [uint64]($World.host.memoryBytes / 1KB); FreePhysicalMemory = [uint64](Get-FakeFreeMemory -World $World) })) }
        'Win32_ComputerSystem' { return , @(ConvertTo-FakeCim -Class $Class -Namespace 'root/cimv2' -Property ([ordered]@{ Name = $World.host.name; TotalPhysicalMemory = [uint64]$World.host.memoryBytes; NumberOfLogicalProcessors = [uint32]$World.host.processors; HypervisorPresent = $true })) }
        'Msvm_KvpExchangeDataItem' { return , @() }
    }
    $counters = Get-FakeCounterTable -Machine $machines -Class $Class
    if ($null -ne $counters) { return , $counters }
    return $null
}

function Get-FakeFreeMemory {
    param([psobject]$World)
    $used = [long]0
    foreach ($machine in @($World.vms)) { $used += Get-FakeAssigned -Machine $machine }
    return ($World.host.memoryBytes - $used) / 1KB
}

function Get-FakeCimSettingOf {
    param([psobject]$Machine)
    $parent = if ($Machine.parentSnapshot -eq '') { '' } else { "Microsoft:$($Machine.parentSnapshot.ToUpperInvariant())" }
    ConvertTo-FakeCimSetting -Machine $Machine -Id $Machine.id -Name $Machine.name -Type 'System:Realized' -Parent $parent
    foreach ($snapshot in @($Machine.snapshots)) { ConvertTo-FakeCimSetting -Machine $snapshot.config -Id $snapshot.id -Name $snapshot.name -Type 'Snapshot:Realized' }
}

function ConvertTo-FakeCimExchangeSetting {
    param([psobject]$Machine)
    $id = $Machine.id.ToUpperInvariant()
    ConvertTo-FakeCim -Class 'Msvm_KvpExchangeComponentSettingData' -Namespace 'root/virtualization/v2' -Property ([ordered]@{
            InstanceID = "Microsoft:$id\2A34B1C2-FD73-4043-8A5B-DD2159BC743F"; HostExchangeItems = [string[]]@(ConvertTo-FakeKvpXml -Item @($Machine.kvp) -Source 0)
        })
}

function ConvertTo-FakeCimJob {
    param([psobject]$Job)
    ConvertTo-FakeCim -Class 'Msvm_ConcreteJob' -Namespace 'root/virtualization/v2' -Property ([ordered]@{ InstanceID = $Job.id; JobState = [uint16]$Job.state; ErrorCode = [uint16]$Job.error; PercentComplete = [uint16]$(if ($Job.state -eq 4) { 50 } else { 100 }) })
}

# WQL of the simple kind: NAME op 'text' or number, joined by AND; op is =, <>, !=, LIKE, <, >.
function Test-FakeWql {
    param([object]$Instance, [string]$Where)
    if ([string]::IsNullOrWhiteSpace($Where)) { return $true }
    foreach ($part in ($Where -split '(?i)\s+and\s+')) {
        if ($part -notmatch "^\s*\(?\s*(\w+)\s*(=|<>|!=|<|>|like)\s*('((?:[^'\\]|\\.)*)'|`"((?:[^`"\\]|\\.)*)`"|-?\d+|true|false|null)\s*\)?\s*$") { Deny-FakeCim -Code '0x80041017' -Message "Ungueltige Abfrage: $part" }
        $name, $operator, $raw = $Matches[1], $Matches[2].ToLowerInvariant(), $Matches[3]
        $value = if ($raw -match "^['`"]") { $raw.Substring(1, $raw.Length - 2) -replace '\\(.)', '$1' } else { $raw }
        if ($null -eq $Instance.PSObject.Properties[$name]) { Deny-FakeCim -Code '0x80041017' -Message "Ungueltige Abfrage: $name" }
        $actual = $Instance.$name
        $holds = switch ($operator) {
            '=' { "$actual" -eq $value }
            'like' { "$actual" -like ([System.Management.Automation.WildcardPattern]::Escape($value) -replace '%', '*') }
            '<' { [decimal]$actual -lt [decimal]$value }
            '>' { [decimal]$actual -gt [decimal]$value }
            default { "$actual" -ne $value }
        }
        if (-not $holds) { return $false }
    }
    return $true
}

function Deny-FakeCim {
    param([string]$Code, [string]$Message)
    $exception = [System.InvalidOperationException]::new($Message)
    $exception.Data['HRESULT'] = $Code
    throw $exception
}

# As the CIM cmdlets report it: "HRESULT 0x8004...,<class>".
function Invoke-FakeCim {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSReviewUnusedParameter', 'Bound', Justification = 'used in the block')]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSReviewUnusedParameter', 'Work', Justification = 'used in the block')]
    param($Cmdlet, [System.Collections.IDictionary]$Bound, [scriptblock]$Work)
    $fakeCommand = $Cmdlet.MyInvocation.MyCommand.Name
    $fakeRecord = $null
    $fakeResult = @()
    try {
        $fakeResult = Invoke-FakeWorld -FakeBody {
            param($World)
            if ($World.record) { $World.calls = @($World.calls) + [pscustomobject]@{ command = $fakeCommand; parameters = @($Bound.Keys); process = $PID } }
            if ($World.host.access -eq 'none') { Deny-FakeCim -Code '0x80041003' -Message 'Zugriff verweigert' }
            Invoke-FakeFault -World $World -Command $fakeCommand
            & $Work $World
        }
    } catch {
        $code = if ($_.Exception.Data.Contains('HRESULT')) { $_.Exception.Data['HRESULT'] } elseif ($null -ne $_.Exception.PSObject.Properties['ErrorIdentifier']) { $_.Exception.ErrorIdentifier } else { $null }
        if ($null -eq $code) { throw }
        $fakeRecord = ConvertTo-FakeCimRecord -Exception $_.Exception -Code $code -Command $fakeCommand
    }
    if ($null -ne $fakeRecord) {
        $ErrorActionPreference = $Cmdlet.SessionState.PSVariable.GetValue('ErrorActionPreference')
        if ($Cmdlet.MyInvocation.BoundParameters.ContainsKey('ErrorAction')) { $ErrorActionPreference = $Cmdlet.MyInvocation.BoundParameters['ErrorAction'] }
        $Cmdlet.WriteError($fakeRecord)
        return
    }
    foreach ($fakeItem in $fakeResult) { $Cmdlet.WriteObject($fakeItem, $false) }
}

function ConvertTo-FakeCimRecord {
    param([System.Exception]$Exception, [string]$Code, [string]$Command)
    $categories = @{ '0x80041003' = 'PermissionDenied'; '0x80041010' = 'MetadataError'; '0x80041002' = 'ObjectNotFound'; '0x80041017' = 'InvalidArgument'; '0x80041055' = 'MetadataError' }
    $category = if ($categories.ContainsKey($Code)) { $categories[$Code] } else { 'NotSpecified' }
    $record = [System.Management.Automation.ErrorRecord]::new($Exception, "HRESULT $Code", $category, $null)
    $field = [System.Management.Automation.ErrorRecord].GetField('_serializedFullyQualifiedErrorId', [System.Reflection.BindingFlags]'NonPublic, Instance')
    $class = "Microsoft.Management.Infrastructure.CimCmdlets.$($Command.Replace('-', ''))Command"
    if ($null -ne $field) { $field.SetValue($record, "HRESULT $Code,$class") }
    return $record
}

# Msvm_ classes live in root/virtualization/v2 only; the default namespace is root/cimv2.
function Assert-FakeNamespace {
    param([string]$Class, [string]$Namespace)
    $place = if ($Namespace) { $Namespace.Replace('\', '/').Trim('/').ToLowerInvariant() } else { 'root/cimv2' }
    if ($place -notin 'root/cimv2', 'root/virtualization/v2') { Deny-FakeCim -Code '0x8004100e' -Message 'Ungueltiger Namespace' }
    if ($Class.StartsWith('Msvm_') -ne ($place -eq 'root/virtualization/v2')) { Deny-FakeCim -Code '0x80041010' -Message 'Ungueltige Klasse' }
}

# The id of the machine that an instance belongs to.
function Get-FakeCimOwner {
    param([object]$Instance)
    foreach ($key in 'VirtualSystemIdentifier', 'SystemName', 'InstanceID', 'Name') {
        if ($null -eq $Instance.PSObject.Properties[$key]) { continue }
        if ($key -ne 'InstanceID') { return $Instance.$key }
        return $Instance.InstanceID.Replace('Microsoft:', '').Split('\')[0]
    }
}

# The same instance read again, as for a job that is waited for.
function Get-FakeCimAgain {
    param([psobject]$World, [object]$Instance)
    $class = $Instance.CimClass.CimClassName
    foreach ($key in 'InstanceID', 'DeviceID', 'Name') {
        if ($null -eq $Instance.PSObject.Properties[$key]) { continue }
        $found = @(Get-FakeCimTable -World $World -Class $class | ForEach-Object { $_ } | Where-Object { $_.$key -eq $Instance.$key })
        if ($found.Count -gt 0) { return $found[0] }
    }
    Deny-FakeCim -Code '0x80041002' -Message 'Nicht gefunden'
}
