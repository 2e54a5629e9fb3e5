# Stands in for Stop-VM of the Hyper-V module. Asks the guest to shut down and waits for it, however long it takes; -TurnOff pulls the plug; -Save saves.
function Stop-VM {
    [CmdletBinding(DefaultParameterSetName = 'Name', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VirtualMachine])]
    param(
        [Parameter()]
        [switch]$Force,
        [Parameter(ParameterSetName = 'Name', Position = 0, Mandatory = $true)]
        [Alias('VMName')][string[]]$Name,
        [Parameter()]
        [switch]$Passthru,
        [Parameter()]
        [switch]$Save,
        [Parameter()]
        [switch]$TurnOff,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            if ($TurnOff -and $Save) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Save und TurnOff schliessen sich aus.' }
            foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $Name)) {
                if ($machine.state -eq 'Off') { Write-Warning 'Der virtuelle Computer befindet sich bereits im angegebenen Zustand.'; continue }
                if ($TurnOff) { Invoke-FakeTurnOff -World $World -Machine $machine } elseif ($Save) { Save-FakeMachine -Machine $machine } else { Invoke-FakeShutdown -World $World -Machine $machine }
            }
        }
        if (-not $TurnOff -and -not $Save) { Wait-FakeGuest -Cmdlet $PSCmdlet -VM $VM -Name $Name }
        if ($Passthru) { if ($null -ne $VM) { $VM | ForEach-Object { Get-VM -Id $_.Id } } else { Get-VM -Name $Name } }
    }
}
