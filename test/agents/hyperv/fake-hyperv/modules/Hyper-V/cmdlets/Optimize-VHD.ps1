# Stands in for Optimize-VHD of the Hyper-V module.
function Optimize-VHD {
    [CmdletBinding(SupportsShouldProcess = $true)]
    [OutputType([Microsoft.Vhd.PowerShell.VirtualHardDisk])]
    param(
        [Parameter()]
        [Microsoft.Vhd.PowerShell.VhdCompactMode]$Mode,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(Position = 0, Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('FullName')][string[]]$Path
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($item in $Path) {
                $file = Get-FakeFullPath -Path $item
                $null = Get-FakeVhd -Path $file
                Assert-FakeFree -World $World -Path $file
                if ($Passthru) { ConvertTo-FakeVhdView -World $World -Path $file }
            }
        }
    }
}
