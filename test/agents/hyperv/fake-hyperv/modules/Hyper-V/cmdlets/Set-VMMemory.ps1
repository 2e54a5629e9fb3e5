# Stands in for Set-VMMemory of the Hyper-V module.
function Set-VMMemory {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMMemory])]
    param(
        [Parameter()]
        [int]$Buffer,
        [Parameter()]
        [bool]$DynamicMemoryEnabled,
        [Parameter()]
        [long]$MaximumAmountPerNumaNodeBytes,
        [Parameter()]
        [long]$MaximumBytes,
        [Parameter()]
        [long]$MinimumBytes,
        [Parameter()]
        [switch]$Passthru,
        [Parameter()]
        [int]$Priority,
        [Parameter()]
        [long]$StartupBytes,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM,
        [Parameter(ParameterSetName = 'ResourceObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VMMemory[]]$VMMemory,
        [Parameter(ParameterSetName = 'VMName', Position = 0, Mandatory = $true)]
        [string[]]$VMName
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            if ($null -ne $VMMemory) { $VM = @($VMMemory | ForEach-Object { [pscustomobject]@{ Id = $_.VMId } }) }
            foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $VMName)) {
                Edit-FakeMemory -World $World -Machine $machine -Bound $Bound
                if ($Passthru) { ConvertTo-FakeMemoryView -World $World -Machine $machine }
            }
        }
    }
}
