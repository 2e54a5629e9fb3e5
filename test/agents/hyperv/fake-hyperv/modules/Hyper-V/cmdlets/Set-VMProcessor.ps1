# Stands in for Set-VMProcessor of the Hyper-V module. Off only, but for the weight and the limits.
function Set-VMProcessor {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMProcessor])]
    param(
        [Parameter()]
        [bool]$CompatibilityForMigrationEnabled,
        [Parameter()]
        [bool]$CompatibilityForOlderOperatingSystemsEnabled,
        [Parameter()]
        [long]$Count,
        [Parameter()]
        [bool]$EnableHostResourceProtection,
        [Parameter()]
        [bool]$ExposeVirtualizationExtensions,
        [Parameter()]
        [long]$HwThreadCountPerCore,
        [Parameter()]
        [long]$Maximum,
        [Parameter()]
        [int]$MaximumCountPerNumaNode,
        [Parameter()]
        [int]$MaximumCountPerNumaSocket,
        [Parameter()]
        [switch]$Passthru,
        [Parameter()]
        [int]$RelativeWeight,
        [Parameter()]
        [long]$Reserve,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM,
        [Parameter(ParameterSetName = 'VMName', Position = 0, Mandatory = $true)]
        [string[]]$VMName,
        [Parameter(ParameterSetName = 'VMProcessor', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VMProcessor[]]$VMProcessor
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            if ($null -ne $VMProcessor) { $VM = @($VMProcessor | ForEach-Object { [pscustomobject]@{ Id = $_.VMId } }) }
            foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $VMName)) {
                Edit-FakeProcessor -World $World -Machine $machine -Bound $Bound
                if ($Passthru) { ConvertTo-FakeProcessorView -World $World -Machine $machine }
            }
        }
    }
}
