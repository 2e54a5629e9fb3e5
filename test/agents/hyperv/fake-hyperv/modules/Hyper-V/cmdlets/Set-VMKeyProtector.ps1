# Stands in for Set-VMKeyProtector of the Hyper-V module. A protector of this host (-NewLocalKeyProtector), or a given one. Off only.
function Set-VMKeyProtector {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    param(
        [Parameter()]
        [byte[]]$KeyProtector,
        [Parameter()]
        [switch]$NewLocalKeyProtector,
        [Parameter()]
        [switch]$Passthru,
        [Parameter()]
        [switch]$RestoreLastKnownGoodKeyProtector,
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
                Assert-FakeOff -Machine $machine -What 'Die Schluesselschutzvorrichtung'
                if (-not $NewLocalKeyProtector -and -not $RestoreLastKnownGoodKeyProtector -and $null -eq $KeyProtector) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Es ist nichts angegeben.' }
                if ($NewLocalKeyProtector) { $machine.security.protector = [System.Convert]::ToBase64String([guid]::NewGuid().ToByteArray()) }
                if ($null -ne $KeyProtector) { $machine.security.protector = [System.Convert]::ToBase64String($KeyProtector) }
            }
        }
    }
}
