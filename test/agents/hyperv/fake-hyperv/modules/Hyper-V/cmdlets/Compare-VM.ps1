# Stands in for Compare-VM of the Hyper-V module.
function Compare-VM {
    [CmdletBinding(DefaultParameterSetName = 'NameSingleDestination')]
    [OutputType([Microsoft.HyperV.PowerShell.VMCompatibilityReport])]
    param(
        [Parameter(ParameterSetName = 'CompatibilityReport', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VMCompatibilityReport]$CompatibilityReport,
        [Parameter(ParameterSetName = 'Copy', Mandatory = $true)]
        [switch]$Copy,
        [Parameter(ParameterSetName = 'NameSingleDestination', Position = 1, Mandatory = $true)]
        [string]$DestinationHost,
        [Parameter(ParameterSetName = 'Copy')]
        [switch]$GenerateNewId,
        [Parameter(ParameterSetName = 'NameSingleDestination', Position = 0, Mandatory = $true)]
        [string]$Name,
        [Parameter(ParameterSetName = 'Register', Position = 0, Mandatory = $true)]
        [Parameter(ParameterSetName = 'Copy', Position = 0, Mandatory = $true)]
        [string]$Path,
        [Parameter(ParameterSetName = 'Register')]
        [switch]$Register,
        [Parameter(ParameterSetName = 'Copy', Position = 1)]
        [string]$VhdDestinationPath
    )
    process {
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            if ($null -ne $CompatibilityReport) { $machine = Resolve-FakeVM -World $World -VM $CompatibilityReport.VM }
            elseif ($Cmdlet.ParameterSetName -eq 'NameSingleDestination') { throw 'The fake does not model moves to another host.' }
            else { $machine = Add-FakePlanned -World $World -Path (Get-FakeFullPath -Path $Path) -Copy $Copy -NewId $GenerateNewId -VhdDestination "$VhdDestinationPath" }
            ConvertTo-FakeReport -World $World -Machine $machine
        }
    }
}
