function Resolve-AgentImage {
    <#
    .SYNOPSIS
    The file of an image that the host declares, of one kind: disk (.vhdx, .vhd) or iso. IMAGE_NOT_FOUND, STORAGE_UNAVAILABLE.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [AllowNull()] [object] $Name,
        [Parameter(Mandatory = $true)] [ValidateSet('disk', 'iso')] [string] $Kind,
        [Parameter(Mandatory = $true)] [hashtable] $Resources
    )
    $path = $null
    if ($Name -is [string] -and $Resources.images.Contains($Name)) { $path = $Resources.images.get_Item($Name)['path'] }
    $endings = @('.vhdx', '.vhd')
    if ($Kind -ceq 'iso') { $endings = @('.iso') }
    if ($path -isnot [string] -or @($endings | Where-Object { $path.EndsWith($_, [System.StringComparison]::OrdinalIgnoreCase) }).Count -eq 0) { throw (New-AgentFailure -Code IMAGE_NOT_FOUND -Message "The host declares no $Kind image $Name." -Pointer '/image') }
    if (-not [System.IO.File]::Exists($path)) { throw (New-AgentFailure -Code STORAGE_UNAVAILABLE -Message "The file of the image $Name is not there." -Pointer '/image') }
    $path
}
