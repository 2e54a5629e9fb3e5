# Stands in for Export-VM of the Hyper-V module. Into a folder of the machine's name, which must not be there.
function Export-VM {
    [CmdletBinding(DefaultParameterSetName = 'Name', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VirtualMachine])]
    param(
        [Parameter()]
        [Microsoft.HyperV.PowerShell.CaptureLiveState]$CaptureLiveState,
        [Parameter(ParameterSetName = 'Name', Position = 0, Mandatory = $true)]
        [Alias('VMName')][string[]]$Name,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(Position = 1, Mandatory = $true)]
        [string]$Path,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $Name)) {
                Assert-FakeNotMerging -Machine $machine
                Export-FakeMachine -Machine $machine -Path (Get-FakeFullPath -Path $Path)
                Write-FakePassthru -Bound $Bound -World $World -Machine $machine
            }
        }
    }
}
