# Stands in for Set-VMFirmware of the Hyper-V module.
function Set-VMFirmware {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMFirmware])]
    param(
        [Parameter()]
        [Microsoft.HyperV.PowerShell.VMComponentObject[]]$BootOrder,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.ConsoleModeType]$ConsoleMode,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.OnOffState]$EnableSecureBoot,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.VMComponentObject]$FirstBootDevice,
        [Parameter()]
        [switch]$Passthru,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.OnOffState]$PauseAfterBootFailure,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.IPProtocolPreference]$PreferredNetworkBootProtocol,
        [Parameter()]
        [string]$SecureBootTemplate,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM,
        [Parameter(ParameterSetName = 'VMFirmware', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VMFirmware[]]$VMFirmware,
        [Parameter(ParameterSetName = 'VMName', Position = 0, Mandatory = $true)]
        [string[]]$VMName
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            if ($null -ne $VMFirmware) { $VM = @($VMFirmware | ForEach-Object { [pscustomobject]@{ Id = $_.VMId } }) }
            foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $VMName)) {
                Edit-FakeFirmware -Machine $machine -Bound $Bound
                if ($Passthru) { ConvertTo-FakeFirmwareView -World $World -Machine $machine }
            }
        }
    }
}
