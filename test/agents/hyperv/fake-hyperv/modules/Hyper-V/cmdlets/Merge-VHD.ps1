# Stands in for Merge-VHD of the Hyper-V module.
function Merge-VHD {
    [CmdletBinding(SupportsShouldProcess = $true)]
    [OutputType([Microsoft.Vhd.PowerShell.VirtualHardDisk])]
    param(
        [Parameter(Position = 1)]
        [string]$DestinationPath,
        [Parameter()]
        [switch]$Force,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(Position = 0, Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('FullName')][string]$Path
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            $child = Get-FakeFullPath -Path $Path
            $chain = Get-FakeChain -Path $child
            if ($chain.Count -lt 2) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Das ist keine differenzierende Festplatte.' }
            $target = if ($DestinationPath) { Get-FakeFullPath -Path $DestinationPath } else { $chain[1] }
            if ($target -notin $chain) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Das Ziel liegt nicht in der Kette.' }
            Assert-FakeFree -World $World -Path $child
            Assert-FakeFree -World $World -Path $target
            Merge-FakeVhd -Child $child -Parent $target
            if ($Passthru) { ConvertTo-FakeVhdView -World $World -Path $target }
        }
    }
}
