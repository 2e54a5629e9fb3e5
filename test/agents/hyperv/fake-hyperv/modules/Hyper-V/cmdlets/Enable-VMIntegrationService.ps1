# Stands in for Enable-VMIntegrationService of the Hyper-V module.
function Enable-VMIntegrationService {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMIntegrationComponent])]
    param(
        [Parameter(ParameterSetName = 'VMName', Position = 0, Mandatory = $true)]
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true)]
        [string[]]$Name,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(ParameterSetName = 'VMObject', Position = 1, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM,
        [Parameter(ParameterSetName = 'VMIntegrationService', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VMIntegrationComponent[]]$VMIntegrationService,
        [Parameter(ParameterSetName = 'VMName', Position = 1, Mandatory = $true)]
        [string[]]$VMName
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            Edit-FakeService -World $World -Service $VMIntegrationService -VM $VM -VMName $VMName -Name $Name -Enabled $true -Passthru $Passthru
        }
    }
}
