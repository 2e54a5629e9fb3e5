# Stands in for Set-VMBios of the Hyper-V module.
function Set-VMBios {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMBios])]
    param(
        [Parameter()]
        [switch]$Passthru,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.BootDevice[]]$StartupOrder,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM,
        [Parameter(ParameterSetName = 'VMName', Position = 0, Mandatory = $true)]
        [string[]]$VMName
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $VMName)) {
                Assert-FakeGeneration1 -Machine $machine
                Assert-FakeOff -Machine $machine -What 'Die Startreihenfolge'
                if ($null -ne $StartupOrder) {
                    # WMI's BootOrder is a list of four: each kind once.
                    if (@($StartupOrder).Count -ne 4 -or @($StartupOrder | Select-Object -Unique).Count -ne 4) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Die Startreihenfolge muss jede Art von Geraet einmal nennen.' }
                    $machine.bios.order = @($StartupOrder | ForEach-Object { [string]$_ })
                }
            }
        }
        if ($Passthru) { if ($null -ne $VM) { Get-VMBios -VM $VM } else { Get-VMBios -VMName $VMName } }
    }
}
