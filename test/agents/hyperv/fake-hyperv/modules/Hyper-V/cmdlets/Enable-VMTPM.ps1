# Stands in for Enable-VMTPM of the Hyper-V module.
function Enable-VMTPM {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    param(
        [Parameter()]
        [switch]$Passthru,
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
                Assert-FakeGeneration2 -Machine $machine
                Assert-FakeOff -Machine $machine -What 'Das virtuelle TPM'
                if ($machine.security.protector -eq '') { Deny-FakeWork -Id 'OperationFailed' -Message 'Ohne gueltige Schluesselschutzvorrichtung kann das TPM nicht geaendert werden.' }
                if (-not $World.host.tpmSupported) { Deny-FakeWork -Id 'NotSupported' -Message 'Dieser Host kann kein virtuelles TPM.' }
                $machine.security.tpm = $true
                $machine.security.tpmEver = $true
                Write-FakePassthru -Bound $Bound -World $World -Machine $machine
            }
        }
    }
}
