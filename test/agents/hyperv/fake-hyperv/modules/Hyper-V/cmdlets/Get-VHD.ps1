# Stands in for Get-VHD of the Hyper-V module.
function Get-VHD {
    [CmdletBinding(DefaultParameterSetName = 'Path')]
    [OutputType([Microsoft.Vhd.PowerShell.VirtualHardDisk])]
    param(
        [Parameter(ParameterSetName = 'Path', Position = 0, Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('FullName')][string[]]$Path,
        [Parameter(ParameterSetName = 'VMId', Position = 0, Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [Alias('Id')][guid[]]$VMId
    )
    process {
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            $files = @($Path)
            if ($Cmdlet.ParameterSetName -eq 'VMId') {
                $files = @(foreach ($item in $VMId) { Resolve-FakeVM -World $World -Id $item | ForEach-Object { $_.drives | Where-Object kind -EQ 'hard' | ForEach-Object { $_.path } } })
            }
            foreach ($item in $files) { ConvertTo-FakeVhdView -World $World -Path (Get-FakeFullPath -Path $item) }
        }
    }
}
