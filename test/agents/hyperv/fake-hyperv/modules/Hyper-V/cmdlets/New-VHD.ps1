# Stands in for New-VHD of the Hyper-V module.
function New-VHD {
    [CmdletBinding(DefaultParameterSetName = 'DynamicWithoutSource', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.Vhd.PowerShell.VirtualHardDisk])]
    param(
        [Parameter()]
        [uint32]$BlockSizeBytes,
        [Parameter(ParameterSetName = 'Differencing')]
        [switch]$Differencing,
        [Parameter(ParameterSetName = 'DynamicWithoutSource')]
        [switch]$Dynamic,
        [Parameter(ParameterSetName = 'FixedWithoutSource', Mandatory = $true)]
        [switch]$Fixed,
        [Parameter(ParameterSetName = 'DynamicWithoutSource')]
        [Parameter(ParameterSetName = 'FixedWithoutSource')]
        [ValidateSet(512, 4096)][uint32]$LogicalSectorSizeBytes,
        [Parameter(ParameterSetName = 'Differencing', Position = 1, Mandatory = $true)]
        [string]$ParentPath,
        [Parameter(Position = 0, Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string[]]$Path,
        [Parameter(ParameterSetName = 'DynamicWithoutSource')]
        [Parameter(ParameterSetName = 'Differencing')]
        [Parameter(ParameterSetName = 'FixedWithoutSource')]
        [ValidateSet(512, 4096)][uint32]$PhysicalSectorSizeBytes,
        [Parameter(ParameterSetName = 'DynamicWithoutSource', Position = 1, Mandatory = $true)]
        [Parameter(ParameterSetName = 'FixedWithoutSource', Position = 1, Mandatory = $true)]
        [uint64]$SizeBytes
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($item in $Path) {
                $file = Get-FakeFullPath -Path $item
                if ($ParentPath) {
                    $base = Get-FakeFullPath -Path $ParentPath
                    $size = if ($Bound.ContainsKey('SizeBytes')) { $SizeBytes } else { (Get-FakeVhd -Path $base).size }
                    Assert-FakeFree -World $World -Path $base -LeafOnly $true
                    if ((Get-FakeVhdFormat -Path $base) -ne (Get-FakeVhdFormat -Path $file)) { Deny-FakeDisk -Path $file -Text 'Die Formate stimmen nicht ueberein.' -Code '0xC03A0014' }
                    $null = Add-FakeVhd -Path $file -Type 'Differencing' -Size $size -Parent $base
                } else {
                    $block = if ($Bound.ContainsKey('BlockSizeBytes')) { $BlockSizeBytes } else { 0 }
                    $logical = if ($Bound.ContainsKey('LogicalSectorSizeBytes')) { $LogicalSectorSizeBytes } else { 512 }
                    $physical = if ($Bound.ContainsKey('PhysicalSectorSizeBytes')) { $PhysicalSectorSizeBytes } else { 4096 }
                    $type = if ($Fixed) { 'Fixed' } else { 'Dynamic' }
                    $null = Add-FakeVhd -Path $file -Type $type -Size $SizeBytes -Block $block -Logical $logical -Physical $physical
                }
                ConvertTo-FakeVhdView -World $World -Path $file
            }
        }
    }
}
