# Makes the published types of the Hyper-V module: enumerations with their values, classes with their properties (as public
# fields, which PowerShell reads and writes alike). Made by reflection, so that neither a compiler nor a stored assembly is
# needed. Nobody but this module can make an instance: a string or a hashtable in place of an object is refused, as on Windows.

$script:FakeTypeSpace = 'Microsoft.HyperV.PowerShell'

# name = values, a number after a colon where it is not the next one
$script:FakeEnums = @(
    'VMState=Other:1,Running:2,Off:3,Stopping:4,Saved:6,Paused:9,Starting:10,Reset:11,Saving:32773,Pausing:32776,Resuming:32777,FastSaved:32779,FastSaving:32780'
    'OnOffState=On,Off'
    'StartAction=Nothing:2,StartIfRunning:3,Start:4'
    'StopAction=TurnOff:2,Save:3,ShutDown:4'
    'CriticalErrorAction=None,Pause'
    'CheckpointType=Disabled:2,Production:3,ProductionOnly:4,Standard:5'
    'ControllerType=IDE,SCSI'
    'CacheAttributes=Default,WriteCacheEnabled,WriteCacheAndFUAEnabled,WriteCacheDisabled'
    'ConsoleModeType=Default,COM1,COM2,None'
    'IPProtocolPreference=IPv4:4096,IPv6:4097'
    'GuestIsolationType=TrustedLaunch,VBS,SNP,TDX,Disabled'
    'WaitVMTypes=Heartbeat,IPAddress'
    'CaptureLiveState=CaptureCrashConsistentState,CaptureSavedState,CaptureDataConsistentState'
    'SnapshotType=Standard,Recovery,Planned,Missing,Replica,AppConsistentReplica,SyncedReplica'
    'VMSwitchType=Private,Internal,External'
    'VMNetworkAdapterPortMirroringMode=None,Destination,Source'
    'VMNetworkAdapterVlanMode=Untagged,Access,Trunk,Private'
    'VMNetworkAdapterPrivateVlanMode=None,Isolated,Community,Promiscuous'
    'BootDevice=Floppy,CD,IDE,LegacyNetworkAdapter,NetworkAdapter,VHD'
    'BootSourceType=Unknown,Drive,Network,File'
    'VMHeartbeatStatus=Disabled:1,OkApplicationsHealthy:2,NoContact:3,Error:4,LostCommunication:5,OkApplicationsUnknown:6,OkApplicationsCritical:7,Paused:8,Unknown:0'
    'VMOperationalStatus=Ok:2,Degraded:3,InService:11,Dormant:15,SupportingEntityInError:16,CreatingSnapshot:32768,ApplyingSnapshot:32769,DeletingSnapshot:32770,WaitingToStart:32771,MergingDisks:32772,ExportingVirtualMachine:32773'
    'DvdMediaType=None,ISO,PassThrough'
    'OperationType=MigrateVirtualMachine,MoveVirtualMachineStorage,ImportVirtualMachine'
    'VhdType@Microsoft.Vhd.PowerShell=Unknown:0,Fixed:2,Dynamic:3,Differencing:4'
    'VhdCompactMode@Microsoft.Vhd.PowerShell=Full,Quick,Retrim,Pretrimmed,Prezeroed'
    'VhdFormat@Microsoft.Vhd.PowerShell=VHD:2,VHDX:3,VHDSet:4'
)

# name : parent = property types and names
$script:FakeClasses = @(
    'VMObject=string ComputerName,bool IsDeleted'
    'VMComponentObject:VMObject=guid VMId,string VMName,guid VMSnapshotId,string VMSnapshotName,guid VMCheckpointId,string VMCheckpointName'
    'VMDevice:VMComponentObject=string Id,string Name'
    'VirtualMachineBase:VMObject=guid Id,string Name,guid VMId,string VMName,VMState State,datetime CreationTime,int Generation,string Version,string Notes,string Path,string ConfigurationLocation,string SnapshotFileLocation,string CheckpointFileLocation,string SmartPagingFilePath,guid ParentSnapshotId,string ParentSnapshotName,guid ParentCheckpointId,string ParentCheckpointName,long ProcessorCount,long MemoryStartup,long MemoryMinimum,long MemoryMaximum,bool DynamicMemoryEnabled,StartAction AutomaticStartAction,int AutomaticStartDelay,StopAction AutomaticStopAction,CriticalErrorAction AutomaticCriticalErrorAction,int AutomaticCriticalErrorActionTimeout,bool AutomaticCheckpointsEnabled,CheckpointType CheckpointType,OnOffState LockOnDisconnect,bool GuestControlledCacheTypes,uint LowMemoryMappedIoSpace,ulong HighMemoryMappedIoSpace,GuestIsolationType GuestStateIsolationType,object NetworkAdapters,object HardDrives,object DVDDrives,long SizeOfSystemFiles,bool IsClustered'
    'VirtualMachine:VirtualMachineBase=object CPUUsage,long MemoryAssigned,long MemoryDemand,string MemoryStatus,timespan Uptime,string Status,string PrimaryStatusDescription,string SecondaryStatusDescription,object PrimaryOperationalStatus,object SecondaryOperationalStatus,object OperationalStatus,VMHeartbeatStatus Heartbeat,string IntegrationServicesState,object VMIntegrationService'
    'VMSnapshot:VirtualMachineBase=SnapshotType SnapshotType,bool IsAutomaticCheckpoint'
    'VMMemory:VMComponentObject=string ResourcePoolName,int Buffer,bool DynamicMemoryEnabled,long MaximumPerNumaNode,long Maximum,long Minimum,long Startup,int Priority'
    'VMProcessor:VMComponentObject=string ResourcePoolName,long Count,bool CompatibilityForMigrationEnabled,bool CompatibilityForOlderOperatingSystemsEnabled,long HwThreadCountPerCore,bool ExposeVirtualizationExtensions,bool EnableHostResourceProtection,long Maximum,long Reserve,int RelativeWeight,int MaximumCountPerNumaNode,int MaximumCountPerNumaSocket'
    'VMBootSource:VMComponentObject=BootSourceType BootType,string Name,string Description,string FirmwarePath,object Device'
    'VMFirmware:VMComponentObject=object BootOrder,IPProtocolPreference PreferredNetworkBootProtocol,OnOffState SecureBoot,string SecureBootTemplate,object SecureBootTemplateId,ConsoleModeType ConsoleMode,OnOffState PauseAfterBootFailure'
    'VMBios:VMComponentObject=bool NumLockEnabled,object StartupOrder'
    'VMSecurity:VMComponentObject=bool TpmEnabled,bool KsdEnabled,bool Shielded,bool EncryptStateAndVmMigrationTraffic,bool VirtualizationBasedSecurityOptOut,bool BindToHostTpm'
    'VMDriveController:VMDevice=int ControllerNumber,object Drives'
    'VMScsiController:VMDriveController=bool IsTemplate'
    'Drive:VMDevice=string Path,string PoolName,int ControllerLocation,int ControllerNumber,ControllerType ControllerType'
    'HardDiskDrive:Drive=object DiskNumber,object MaximumIOPS,object MinimumIOPS,string QoSPolicyID,bool SupportPersistentReservations,CacheAttributes WriteHardeningMethod'
    'DvdDrive:Drive=DvdMediaType DvdMediaType'
    'VMNetworkAdapterBandwidthSetting:VMComponentObject=object MaximumBandwidth,object MinimumBandwidthAbsolute,object MinimumBandwidthWeight'
    'VMNetworkAdapterVlanSetting:VMComponentObject=VMNetworkAdapterVlanMode OperationMode,int AccessVlanId,int NativeVlanId,object AllowedVlanIdList,string AllowedVlanIdListString,VMNetworkAdapterPrivateVlanMode PrivateVlanMode,int PrimaryVlanId,int SecondaryVlanId,object SecondaryVlanIdList,object ParentAdapter'
    'VMNetworkAdapterBase:VMDevice=string SwitchName,object SwitchId,string MacAddress,bool Connected,bool IsManagementOs,OnOffState MacAddressSpoofing,OnOffState AllowTeaming,OnOffState RouterGuard,OnOffState DhcpGuard,OnOffState IeeePriorityTag,VMNetworkAdapterPortMirroringMode PortMirroringMode,uint StormLimit,uint VmqWeight,uint IovWeight,VMNetworkAdapterVlanSetting VlanSetting,VMNetworkAdapterBandwidthSetting BandwidthSetting,object IPAddresses,object Status,object StatusDescription'
    'VMNetworkAdapter:VMNetworkAdapterBase=bool IsLegacy,bool DynamicMacAddressEnabled,OnOffState DeviceNaming,string PoolName'
    'VMSwitch:VMObject=guid Id,string Name,VMSwitchType SwitchType,string Notes,bool AllowManagementOS,string NetAdapterInterfaceDescription,string BandwidthReservationMode,bool EmbeddedTeamingEnabled'
    'VMHost:VMObject=string Name,string FullyQualifiedDomainName,long LogicalProcessorCount,long MemoryCapacity,string VirtualMachinePath,string VirtualHardDiskPath,object SupportedVmVersions,bool NumaSpanningEnabled,bool EnableEnhancedSessionMode,string MacAddressMinimum,string MacAddressMaximum,bool IovSupport'
    'VMIntegrationComponent:VMDevice=bool Enabled,object OperationalStatus,string PrimaryOperationalStatus,string PrimaryStatusDescription,string SecondaryStatusDescription'
    'VMCompatibilityReport:VMObject=VirtualMachine VM,OperationType OperationType,string Destination,string Path,string SnapshotPath,string VhdDestinationPath,string VhdSourcePath,object Incompatibilities'
    'VMIncompatibility:VMObject=string Message,int MessageId,object Source'
    'VirtualHardDisk@Microsoft.Vhd.PowerShell=string ComputerName,string Path,VhdFormat VhdFormat,VhdType VhdType,ulong FileSize,ulong Size,object MinimumSize,uint LogicalSectorSize,uint PhysicalSectorSize,uint BlockSize,string ParentPath,string DiskIdentifier,object FragmentationPercentage,uint Alignment,bool Attached,object DiskNumber,object Number,bool IsDeleted'
)

function Initialize-FakeType {
    foreach ($loaded in [System.AppDomain]::CurrentDomain.GetAssemblies()) {
        if ($loaded.FullName.StartsWith('Microsoft.HyperV.PowerShell.Objects,')) { return }
    }
    $name = [System.Reflection.AssemblyName]::new('Microsoft.HyperV.PowerShell.Objects')
    $assembly = [System.Reflection.Emit.AssemblyBuilder]::DefineDynamicAssembly($name, [System.Reflection.Emit.AssemblyBuilderAccess]::Run)
    $module = $assembly.DefineDynamicModule('objects')
    $known = @{
        string = [string]; bool = [bool]; int = [int]; uint = [uint32]; long = [long]; ulong = [uint64]
        guid = [guid]; datetime = [datetime]; timespan = [timespan]; object = [object]
    }
    foreach ($line in $script:FakeEnums) { Add-FakeEnum -Module $module -Line $line -Known $known }
    foreach ($line in $script:FakeClasses) { Add-FakeClass -Module $module -Line $line -Known $known }
    Add-FakeException -Module $module
}

function Get-FakeTypeName {
    param([string]$Text)
    $parts = $Text.Split('@')
    if ($parts.Count -eq 2) { return $parts[0], "$($parts[1]).$($parts[0])" }
    return $Text, "$script:FakeTypeSpace.$Text"
}

function Add-FakeEnum {
    param($Module, [string]$Line, [hashtable]$Known)
    $head, $values = $Line.Split('=')
    $short, $full = Get-FakeTypeName -Text $head
    $builder = $Module.DefineEnum($full, [System.Reflection.TypeAttributes]::Public, [int])
    $number = 0
    foreach ($value in $values.Split(',')) {
        $parts = $value.Split(':')
        if ($parts.Count -eq 2) { $number = [int]$parts[1] }
        $null = $builder.DefineLiteral($parts[0], $number)
        $number++
    }
    $Known[$short] = $builder.CreateType()
}

function Add-FakeClass {
    param($Module, [string]$Line, [hashtable]$Known)
    $head, $members = $Line.Split('=')
    $names = $head.Split(':')
    $short, $full = Get-FakeTypeName -Text $names[0]
    $parent = if ($names.Count -eq 2) { $Known[$names[1]] } else { [object] }
    [type[]]$arguments = @()
    if ($names.Count -eq 2) { $arguments = @([int], [int]) }
    $builder = $Module.DefineType($full, [System.Reflection.TypeAttributes]'Public, Class', $parent)
    $maker = $builder.DefineConstructor([System.Reflection.MethodAttributes]::Public, [System.Reflection.CallingConventions]::Standard, [type[]]@([int], [int]))
    $code = $maker.GetILGenerator()
    $code.Emit([System.Reflection.Emit.OpCodes]::Ldarg_0)
    if ($names.Count -eq 2) {
        $code.Emit([System.Reflection.Emit.OpCodes]::Ldarg_1)
        $code.Emit([System.Reflection.Emit.OpCodes]::Ldarg_2)
    }
    $code.Emit([System.Reflection.Emit.OpCodes]::Call, $parent.GetConstructor($arguments))
    $code.Emit([System.Reflection.Emit.OpCodes]::Ret)
    foreach ($member in $members.Split(',')) {
        $type, $field = $member.Split(' ')
        $null = $builder.DefineField($field, $Known[$type], [System.Reflection.FieldAttributes]::Public)
    }
    $Known[$short] = $builder.CreateType()
}

# Thrown by every cmdlet of the module; it says what the error record is made of.
function Add-FakeException {
    param($Module)
    $builder = $Module.DefineType("$script:FakeTypeSpace.VirtualizationException", [System.Reflection.TypeAttributes]'Public, Class', [System.Exception])
    $maker = $builder.DefineConstructor([System.Reflection.MethodAttributes]::Public, [System.Reflection.CallingConventions]::Standard, [type[]]@([string]))
    $code = $maker.GetILGenerator()
    $code.Emit([System.Reflection.Emit.OpCodes]::Ldarg_0)
    $code.Emit([System.Reflection.Emit.OpCodes]::Ldarg_1)
    $code.Emit([System.Reflection.Emit.OpCodes]::Call, [System.Exception].GetConstructor([type[]]@([string])))
    $code.Emit([System.Reflection.Emit.OpCodes]::Ret)
    $null = $builder.DefineField('ErrorIdentifier', [string], [System.Reflection.FieldAttributes]::Public)
    $null = $builder.DefineField('ErrorCategory', [System.Management.Automation.ErrorCategory], [System.Reflection.FieldAttributes]::Public)
    $null = $builder.DefineField('Target', [object], [System.Reflection.FieldAttributes]::Public)
    $null = $builder.CreateType()
}

# One published object with the properties given.
function ConvertTo-FakeObject {
    param([string]$Type, [System.Collections.IDictionary]$Property)
    $full = if ($Type.Contains('.')) { $Type } else { "$script:FakeTypeSpace.$Type" }
    $object = [System.Activator]::CreateInstance(($full -as [type]), @(0, 0))
    foreach ($key in $Property.Keys) { $object.$key = $Property[$key] }
    return , $object
}
