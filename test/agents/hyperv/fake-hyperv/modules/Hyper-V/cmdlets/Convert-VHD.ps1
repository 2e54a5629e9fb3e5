# Stands in for Convert-VHD of the Hyper-V module.
function Convert-VHD {
    [CmdletBinding(SupportsShouldProcess = $true)]
    [OutputType([Microsoft.Vhd.PowerShell.VirtualHardDisk])]
    param(
        [Parameter()]
        [switch]$DeleteSource,
        [Parameter(Position = 1, Mandatory = $true)]
        [string]$DestinationPath,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(Position = 0, Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('FullName')][string]$Path,
        [Parameter()]
        [Microsoft.Vhd.PowerShell.VhdType]$VHDType
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            $source = Get-FakeFullPath -Path $Path
            $target = Get-FakeFullPath -Path $DestinationPath
            $vhd = Get-FakeVhd -Path $source
            Assert-FakeFree -World $World -Path $source -LeafOnly $true
            $type = if ($Bound.ContainsKey('VHDType')) { "$VHDType" } elseif ($vhd.type -eq 'Differencing') { 'Dynamic' } else { $vhd.type }
            if ($type -eq 'Differencing') { Deny-FakeWork -Id 'InvalidParameter' -Message 'Ziel kann keine differenzierende Festplatte sein.' }
            Copy-FakeVhd -Source $source -Destination $target -Type $type
            if ($DeleteSource) { [System.IO.File]::Delete($source) }
            if ($Passthru) { ConvertTo-FakeVhdView -World $World -Path $target }
        }
    }
}
