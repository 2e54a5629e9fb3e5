# Stands in for Suspend-VM of the Hyper-V module.
function Suspend-VM {
    [CmdletBinding(DefaultParameterSetName = 'Name', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VirtualMachine])]
    param(
        [Parameter(ParameterSetName = 'Name', Position = 0, Mandatory = $true)]
        [Alias('VMName')][string[]]$Name,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $Name)) {
                if ($machine.state -ne 'Running') { Deny-FakeWork -Id 'InvalidState' -Message 'Der virtuelle Computer wird nicht ausgefuehrt.' }
                $machine.state = 'Paused'
                Write-FakePassthru -Bound $Bound -World $World -Machine $machine
            }
        }
    }
}
