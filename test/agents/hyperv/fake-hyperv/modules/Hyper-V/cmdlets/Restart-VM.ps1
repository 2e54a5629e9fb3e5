# Stands in for Restart-VM of the Hyper-V module. A reset, as by the button: the guest is not asked.
function Restart-VM {
    [CmdletBinding(DefaultParameterSetName = 'Name', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VirtualMachine])]
    param(
        [Parameter(ParameterSetName = 'NameWait')]
        [Parameter(ParameterSetName = 'VMObjectWait')]
        [Microsoft.HyperV.PowerShell.WaitVMTypes]$For,
        [Parameter()]
        [switch]$Force,
        [Parameter(ParameterSetName = 'Name', Position = 0, Mandatory = $true)]
        [Parameter(ParameterSetName = 'NameWait', Position = 0, Mandatory = $true)]
        [Alias('VMName')][string[]]$Name,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(ParameterSetName = 'NameWait')]
        [Parameter(ParameterSetName = 'VMObjectWait')]
        [Alias('TimeoutSec')][int]$Timeout,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Parameter(ParameterSetName = 'VMObjectWait', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM,
        [Parameter(ParameterSetName = 'NameWait', Mandatory = $true)]
        [Parameter(ParameterSetName = 'VMObjectWait', Mandatory = $true)]
        [switch]$Wait
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            Assert-FakeForce -Force $Force -Message 'Restart-VM'
            foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $Name)) {
                if ($machine.state -ne 'Running') { Deny-FakeWork -Id 'InvalidState' -Message 'Der virtuelle Computer wird nicht ausgefuehrt.' }
                if ($Wait -and -not $machine.guest.heartbeat) { Deny-FakeWork -Id 'OperationTimeout' -Message 'Der Takt blieb aus.' }
                $machine.startedMs = Get-FakeNow
                Write-FakePassthru -Bound $Bound -World $World -Machine $machine
            }
        }
    }
}
