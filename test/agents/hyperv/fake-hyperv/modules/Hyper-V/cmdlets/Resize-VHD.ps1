# Stands in for Resize-VHD of the Hyper-V module. Never smaller than what is in it (nothing is known to be free here); while a machine runs only a .vhdx on SCSI without checkpoints.
function Resize-VHD {
    [CmdletBinding(DefaultParameterSetName = 'Size', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.Vhd.PowerShell.VirtualHardDisk])]
    param(
        [Parameter()]
        [switch]$Passthru,
        [Parameter(Position = 0, Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('FullName')][string[]]$Path,
        [Parameter(ParameterSetName = 'Size', Position = 1, Mandatory = $true)]
        [uint64]$SizeBytes,
        [Parameter(ParameterSetName = 'MinimumSize', Mandatory = $true)]
        [switch]$ToMinimumSize
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($item in $Path) {
                $file = Get-FakeFullPath -Path $item
                $vhd = Get-FakeVhd -Path $file
                if (-not $ToMinimumSize) {
                    if (@(Get-FakeChild -World $World -Path $file).Count -gt 0) { Deny-FakeDisk -Path $file -Text 'Auf dieser Festplatte stehen andere.' -Code '0xC03A0017' }
                    foreach ($holder in @(Get-FakeHolder -World $World -Path $file)) {
                        $drive = @($holder.drives | Where-Object { $_.path -eq $file })
                        if ($vhd.format -ne 'VHDX' -or $drive.Count -eq 0 -or $drive[0].controller -ne 'SCSI' -or $vhd.type -eq 'Differencing') { Assert-FakeFree -World $World -Path $file }
                    }
                    if ($SizeBytes -lt $vhd.size) { Deny-FakeDisk -Path $file -Text 'Die Festplatte kann nicht so weit verkleinert werden.' -Code '0xC03A001C' }
                    if ($SizeBytes % 4096 -ne 0 -or $SizeBytes -gt 64TB) { Deny-FakeDisk -Path $file -Text 'Falscher Parameter.' -Code '0x80070057' -Id 'InvalidParameter' }
                    if ($vhd.type -eq 'Fixed') { $vhd.fileSize = [long]$SizeBytes }
                    $vhd.size = [long]$SizeBytes
                    Write-FakeVhd -Path $file -Vhd $vhd
                }
                if ($Passthru) { ConvertTo-FakeVhdView -World $World -Path $file }
            }
        }
    }
}
