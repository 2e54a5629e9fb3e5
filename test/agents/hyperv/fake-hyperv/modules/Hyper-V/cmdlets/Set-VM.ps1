# Stands in for Set-VM of the Hyper-V module. Many settings at once, one after another: a refused one leaves those before it in force.
function Set-VM {
    [CmdletBinding(DefaultParameterSetName = 'Name', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VirtualMachine])]
    param(
        [Parameter()]
        [bool]$AutomaticCheckpointsEnabled,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.CriticalErrorAction]$AutomaticCriticalErrorAction,
        [Parameter()]
        [int]$AutomaticCriticalErrorActionTimeout,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.StartAction]$AutomaticStartAction,
        [Parameter()]
        [int]$AutomaticStartDelay,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.StopAction]$AutomaticStopAction,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.CheckpointType]$CheckpointType,
        [Parameter()]
        [switch]$DynamicMemory,
        [Parameter()]
        [bool]$GuestControlledCacheTypes,
        [Parameter()]
        [uint64]$HighMemoryMappedIoSpace,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.OnOffState]$LockOnDisconnect,
        [Parameter()]
        [uint32]$LowMemoryMappedIoSpace,
        [Parameter()]
        [long]$MemoryMaximumBytes,
        [Parameter()]
        [long]$MemoryMinimumBytes,
        [Parameter()]
        [long]$MemoryStartupBytes,
        [Parameter(ParameterSetName = 'Name', Position = 0, Mandatory = $true)]
        [Alias('VMName')][string[]]$Name,
        [Parameter()]
        [string]$NewVMName,
        [Parameter()]
        [string]$Notes,
        [Parameter()]
        [switch]$Passthru,
        [Parameter()]
        [long]$ProcessorCount,
        [Parameter()]
        [string]$SmartPagingFilePath,
        [Parameter()]
        [string]$SnapshotFileLocation,
        [Parameter()]
        [switch]$StaticMemory,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $Name)) {
                Edit-FakeMachine -World $World -Machine $machine -Bound $Bound
                Write-FakePassthru -Bound $Bound -World $World -Machine $machine
            }
        }
    }
}
